"""The same plan on a Dask cluster: a snapshot is shipped once, mutants are handed out in batches.

The parts, in the order in which a run meets them: `snapshot` packs the project, `batches` cuts the
plan, `client` talks to the scheduler, `worker` is what a Dask worker keeps, `agent` the process
beside it that runs the tests, `agreement` what must be equal on both machines.
"""
