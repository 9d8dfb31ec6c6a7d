"""gunicorn's configuration for the API: `cd api && gunicorn`."""

import ctypes
import os
import resource
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from mnist_api.settings import SettingsError, read_settings  # noqa: E402 # needs the path above

try:
    settings = read_settings(os.environ)
except SettingsError as error:
    sys.exit(str(error))

wsgi_app = "mnist_api.main:create_asgi()"
bind = f"{settings.host}:{settings.port}"
workers = settings.workers
worker_class = "mnist_api.server.worker.Worker"  # gunicorn's asgi worker with the fast path
reuse_port = True  # the kernel distributes connections evenly; with a shared socket it does not
preload_app = True  # imports are shared by the workers, models are loaded after the fork
keepalive = 5
worker_connections = 8192  # fewer if there are fewer file descriptors
timeout = 30
graceful_timeout = 8  # under the 10 s that `docker stop` waits
logger_class = "mnist_api.telemetry.error_log.GunicornLogger"
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 # memory, not disk

_, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))  # a connection is a file descriptor

# else glibc keeps the memory of large bodies and pictures, up to 64 MB in each thread's arena
_ARENAS, _MMAP_THRESHOLD = -8, -3  # M_ARENA_MAX, M_MMAP_THRESHOLD of malloc.h
if _tune := getattr(ctypes.CDLL(None), "mallopt", None):
    _tune(_ARENAS, 2)
    _tune(
        _MMAP_THRESHOLD, 1024**2
    )  # blocks of at least this size are returned to the kernel when freed
threading.stack_size(1024**2)  # the default of 8 MB would count toward the memory limit of decoding
