"""The command line of the Spark Connect server."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sandbox.layout import USER_NAME
from sandbox.spark import jars

MAIN_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
DEFAULT_HEAP = "2g"
ZONE = "UTC"
"""Time zone of every session, as on Databricks, whatever the machine's is."""
_OPENED = (
    "java.base/java.lang java.base/java.lang.invoke java.base/java.lang.reflect java.base/java.io java.base/java.net "
    "java.base/java.nio java.base/java.util java.base/java.util.concurrent java.base/java.util.concurrent.atomic "
    "java.base/jdk.internal.ref java.base/sun.nio.ch java.base/sun.nio.cs java.base/sun.security.action "
    "java.base/sun.util.calendar java.security.jgss/sun.security.krb5"
)


def server_command(state_dir: Path, port: int, delta_jars: Path) -> list[str]:
    """Return the command that starts the server on `port`, with everything it writes below `state_dir`."""
    heap = os.environ.get("BUNDLEOPS_SANDBOX_HEAP", DEFAULT_HEAP)
    class_path = os.pathsep.join([*(str(jar) for jar in sorted(delta_jars.glob("*.jar"))), f"{jars.spark_jars()}/*"])
    properties = {**_spark_settings(state_dir, port), "derby.system.home": str(state_dir / "derby")}
    properties |= {"java.io.tmpdir": str(state_dir / "tmp"), "io.netty.tryReflectionSetAccessible": "true"}
    properties |= {"user.timezone": ZONE}
    options = [f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError"]
    options += [f"--add-opens={name}=ALL-UNNAMED" for name in _OPENED.split()]
    options += [f"-D{key}={value}" for key, value in properties.items()]
    return [str(jars.java()), *options, "-cp", class_path, MAIN_CLASS]


def server_environment(token: str) -> dict[str, str]:
    """Return the server's environment; the token travels here because other users can read command lines."""
    own = {"SPARK_CONNECT_AUTHENTICATE_TOKEN": token, "PYSPARK_PYTHON": sys.executable, "SPARK_USER": USER_NAME}
    return client_environment() | own


def client_environment() -> dict[str, str]:
    """Return the environment of Spark's clients; they turn timestamps into times of their own zone."""
    return os.environ | {"TZ": ZONE}


def _spark_settings(state_dir: Path, port: int) -> dict[str, str]:
    cores = str(os.cpu_count() or 2)
    loopback = "127.0.0.1"
    return {
        "spark.master": f"local[{cores}]",
        "spark.app.name": "sandbox",
        "spark.ui.enabled": "false",
        "spark.log.level": "WARN",
        "spark.connect.grpc.binding.address": loopback,
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.host": loopback,
        "spark.driver.bindAddress": loopback,
        "spark.local.dir": str(state_dir / "tmp"),
        "spark.sql.artifact.isolation.enabled": "true",
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": str(state_dir / "warehouse"),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.sources.default": "delta",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": cores,
        "spark.sql.shuffle.partitions": cores,
        "spark.databricks.delta.snapshotPartitions": cores,
        # Parameters of EXECUTE IMMEDIATE stay unbound below Delta's parser without this.
        "spark.sql.legacy.parameterSubstitution.constantsOnly": "true",
        # With it, the server's stack trace is glued to every message that a person reads.
        "spark.sql.connect.serverStacktrace.enabled": "false",
        "spark.sql.session.timeZone": ZONE,
        "spark.sql.pipelines.maxFlowRetryAttempts": "0",
    }
