"""Quality monitors: data profiling of tables, with metrics computed on the engine."""
