"""From what a project has to what assay writes into it (pure)."""
