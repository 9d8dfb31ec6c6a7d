"""The cache folder: model files by version.

<cache>/<model's name>/<version>/ holds model.onnx, version.json and, where the version has them,
digit_score.npz and drift_reference.json; <cache>/<model's name>/ also holds trials.json and, for
each alias, the versions that were active: in-service.json for Production, in-service-<alias>.json
for others.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from mnist_api.model.onnx_model import ModelRefusedError
from mnist_api.model.version import Version
from mnist_api.registry.active_record import ActiveRecord, LastActive
from mnist_api.registry.stored_files import locked
from mnist_api.registry.trial_results import TrialResults
from mnist_api.registry.version_folders import DamagedError, VersionFolders, check_sha256

CONTENT = "model.onnx"

log = logging.getLogger(__name__)


class Cache:
    """One registered model's folder; writes are under locks between the workers.

    Versions that were active for another ``alias``, or from another ``server``, are not activated.
    """

    def __init__(
        self, root: Path, model_name: str, alias: str = "Production", server: str = ""
    ) -> None:
        self._folder = root / quote(model_name, safe="").replace(".", "%2E")
        self._folders = VersionFolders(self._folder)
        suffix = "" if alias == "Production" else f"-{alias}"
        self._record = ActiveRecord(self._folder / f"in-service{suffix}.json", server)
        self._trials = TrialResults(self._folder / "trials.json")
        self._warned = False

    def obtain(
        self,
        version: Version,
        fetch: Callable[[Version], bytes],
        try_model: Callable[[bytes], None],
    ) -> bytes:
        """Return the file of ``version``, fetched and tried once for all workers.

        Raises DamagedError, ModelRefusedError, and what ``fetch`` and ``try_model`` raise. A
        ModelRefusedError is stored as the result of the trial.
        """
        if version.sha256 is None:
            raise DamagedError("it has no valid tag sha256, so its file can't be checked")
        content = self._accepted(version)
        if content is None:
            with self._lock(".trial.lock"):  # a lock of its own: a trial takes long
                content = self._accepted(version)  # another worker may just have tried it
                if content is None:
                    content = self._fetch_and_try(version, fetch, try_model)
        return content

    def obtain_extra(
        self, version: Version, name: str, fetch: Callable[[Version, str], bytes]
    ) -> bytes | None:
        """Return the file ``name`` of ``version``, SCORE or REFERENCE, None if it has none.

        Raises DamagedError, and what ``fetch`` raises.
        """
        sha256 = version.find_sha256(name)
        if sha256 is None:
            return None
        with self._lock(".lock"):
            content = self._folders.read(version, name, sha256)
            if content is None:
                content = fetch(version, name)
                check_sha256(content, sha256)
                self._store(version, name, content)
        return content

    def has_accepted(self, version: Version) -> bool:
        """Return whether ``version`` has passed its trial."""
        trial = self._trials.find(version)
        return trial is not None and trial.refusal is None

    def read(self, version: Version) -> bytes | None:
        """Return the cached file of ``version``, None if it is missing or damaged."""
        return self._folders.read(version, CONTENT, version.sha256)

    def last_active(self) -> LastActive | None:
        """Return the version that was last active."""
        return self._record.read()

    def versions(self) -> list[Version]:
        """Return the cached versions that were active, the most recently active first."""
        last = self._record.read()
        return [one for one in self._folders.versions() if last is not None and last.knows(one)]

    def record_active(self, version: Version) -> datetime:
        """Record that ``version`` is active; return since when, in the first of the workers."""
        with self._lock(".lock"):
            last = self._record.read()
            if last is not None and last.version == version:
                return last.since
            now = datetime.now(UTC)
            try:
                self._record.write(version, now, last)
                self._folders.keep_recent(version)
            except OSError as error:
                self._warn(error)
        return now

    def _accepted(self, version: Version) -> bytes | None:
        """Return the file of a version that has passed its trial. Raises ModelRefusedError."""
        trial = self._trials.find(version)
        if trial is not None and trial.refusal is not None:
            raise ModelRefusedError(trial.refusal)
        return self.read(version) if trial is not None else None

    def _fetch_and_try(
        self,
        version: Version,
        fetch: Callable[[Version], bytes],
        try_model: Callable[[bytes], None],
    ) -> bytes:
        content = self.read(version)
        is_new = content is None
        if content is None:
            content = fetch(version)
            check_sha256(content, version.sha256)
        if not self.has_accepted(version):
            try:
                try_model(content)
            except ModelRefusedError as error:
                self._record_trial(version, str(error))
                raise
            self._record_trial(version, None)
        if is_new:
            self._store(version, CONTENT, content)
        return content

    def _record_trial(self, version: Version, refusal: str | None) -> None:
        try:
            self._trials.add(version, refusal)
        except OSError as error:
            self._warn(error)

    def _store(self, version: Version, name: str, content: bytes) -> None:
        try:
            self._folders.store(version, name, content)
        except OSError as error:
            self._warn(error)

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        """Hold a lock; if the folder can't be written, no lock is needed."""
        with ExitStack() as held:
            try:
                held.enter_context(locked(self._folder / name))
            except OSError as error:
                self._warn(error)
            yield

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "The cache folder %s can't be written (%s): models are kept in memory "
                "only, and the next start needs the registry.",
                self._folder,
                error.strerror,
            )
