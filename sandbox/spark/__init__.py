"""The sandbox's real engines: one Spark Connect server with Delta, and the processes that run user code against it."""
