"""The values that flow from stage to stage: frozen, typed, stdlib only."""
