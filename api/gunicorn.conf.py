"""gunicorn's configuration for the API: `cd api && gunicorn`."""

import os
import resource
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's and SciPy's, which start none then

from mnist_api.server.allocator import tune_allocator  # noqa: E402 # needs the path above
from mnist_api.settings import SettingsError, read_settings  # noqa: E402 # as above

try:
    settings = read_settings(os.environ)
except SettingsError as error:
    sys.exit(str(error))

wsgi_app = "mnist_api.main:create_asgi()"
host = f"[{settings.host}]" if ":" in settings.host else settings.host  # an IPv6 address
bind = f"{host}:{settings.port}"
workers = settings.workers
worker_class = "mnist_api.server.worker.Worker"  # uvicorn's worker with the fast path
preload_app = True  # imports are shared by the workers, models are loaded after the fork
keepalive = 5
worker_connections = 8192  # fewer if there are fewer file descriptors
timeout = 30
graceful_timeout = 8  # under the 10 s that `docker stop` waits
logger_class = "mnist_api.telemetry.error_log.GunicornLogger"
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 # memory, not disk


def on_starting(server):
    """Let the kernel distribute connections evenly among TCP sockets, one a worker."""
    is_tcp = all(isinstance(address, tuple) for address in server.cfg.address)
    server.cfg.set("reuse_port", is_tcp)


on_reload = on_starting  # the configuration is read again

_, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))  # a connection is a file descriptor

tune_allocator()
threading.stack_size(1024**2)  # the default of 8 MB would count toward the memory limit of decoding
