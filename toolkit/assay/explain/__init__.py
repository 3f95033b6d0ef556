"""Why mutants survived: recordings of a test, with a mutant and without, compared."""
