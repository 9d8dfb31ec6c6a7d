"""MLflow's registry: registers versions, and moves the alias of the desired one."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from mlflow.exceptions import MlflowException

from mnist_trainer.console import print_line
from mnist_trainer.tracking.health import ServerError, translate_errors
from mnist_trainer.tracking.history import ACCURACY
from mnist_trainer.tracking.history_writer import HistoryWriter
from mnist_trainer.tracking.model_reader import ModelReader, read_version
from mnist_trainer.tracking.version import Version, VersionError


class Registry(ModelReader):
    """Reads and changes one registered model. Every method may raise ServerError.

    The tags of a promotion: `promoted_over`, the version that was replaced; `promoted_at`, in
    seconds since 1970; `promotion`, "begun" or "done", with " by hand" where no gate decided;
    `promotion_base`, the champion or "none" when it began. Rolling back sets `rolled_back_at` on
    what is replaced. The history names ``command`` as what moved the alias.
    """

    def __init__(self, uri: str, name: str, alias: str, command: str = "train") -> None:
        super().__init__(uri, name, alias)
        self._command = command

    def register(self, model_id: str, run_id: str, tags: dict[str, str]) -> Version:
        """Register the logged model ``model_id`` as the newest version; no alias moves."""
        with translate_errors(self.uri):
            try:
                self.client.create_registered_model(self.name)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            source = f"models:/{model_id}"
            return read_version(
                self.client.create_model_version(
                    self.name, source, run_id, tags=tags, model_id=model_id
                )
            )

    def set_tag(self, version: Version, key: str, value: str) -> None:
        """Set a tag of a version."""
        with translate_errors(self.uri):
            self.client.set_model_version_tag(self.name, str(version.number), key, value)

    def set_description(self, text: str, version: Version | None = None) -> None:
        """Set the description of a version, or of the model, Markdown."""
        with translate_errors(self.uri):
            if version is None:
                self.client.update_registered_model(self.name, text)
            else:
                self.client.update_model_version(self.name, str(version.number), text)

    def promote(self, version: Version, over: Version | None, by_hand: bool = True) -> bool:
        """Set the tags of a promotion, then move the alias from ``over`` to ``version``.

        By the gate, only if ``over`` is still the desired version just before that; returns
        whether the alias has moved. `end_promotion` or `withdraw_promotion` is to follow.
        """
        by = " by hand" if by_hand else ""
        self._begin_promotion(version, over, f"begun{by}")
        is_over = partial(self.is_desired, over.number if over else None)
        if not self.move_alias(version, None if by_hand else is_over):
            self.withdraw_promotion(version)
            return False
        if by_hand:
            self.set_tag(version, "promotion", f"done{by}")
        return True

    def end_promotion(self, version: Version, over: int | None = None) -> None:
        """Mark the promotion of ``version`` as done, over version ``over`` if that is given."""
        if over is not None:
            self.set_tag(version, "promoted_over", str(over))
        self.set_tag(version, "promotion", "done")

    def withdraw_promotion(self, version: Version) -> None:
        """Remove the tags of a promotion that did not take place."""
        tags = ("promotion_base", "promoted_at", "promoted_over", "promotion")
        self._delete_tags(version, *tags)

    def move_alias(self, version: Version, may_move: Callable[[], bool] | None = None) -> bool:
        """Give ``version`` the alias, and record it in the history; return whether it has moved.

        ``may_move`` is called right before the move, after the history has been prepared.
        """
        end: Callable[[bool], None] | None = None
        with _report_error(version):
            writer = HistoryWriter(self.alias, self._set_model_tag, self._find_accuracy)
            end = writer.begin_move(self.history(), version.number, self._command)
        moves = may_move is None or may_move()
        if moves:
            with translate_errors(self.uri):
                self.client.set_registered_model_alias(self.name, self.alias, str(version.number))
        if end is not None:
            with _report_error(version):
                end(moves)
        return moves

    def roll_back(self, current: Version | None, target: Version) -> None:
        """Move the alias from ``current``, if any, back to ``target``, as the last step."""
        if current:
            self.set_tag(current, "rolled_back_at", f"{time.time():.3f}")
        self.move_alias(target)

    def _begin_promotion(self, version: Version, over: Version | None, state: str) -> None:
        self.set_tag(version, "promotion", state)
        if over is None:
            self._delete_tags(version, "promoted_over")
        else:
            self.set_tag(version, "promoted_over", str(over.number))
            if "rolled_back_at" in over.tags:  # its alias was set by hand since
                self._delete_tags(over, "rolled_back_at")
        self._delete_tags(version, "rolled_back_at")
        self.set_tag(version, "promoted_at", f"{time.time():.3f}")
        self.set_tag(version, "promotion_base", str(over.number) if over else "none")

    def _set_model_tag(self, key: str, value: str) -> None:
        with translate_errors(self.uri):
            self.client.set_registered_model_tag(self.name, key, value)

    def _find_accuracy(self, number: int) -> str:
        """Return a version's accuracy as a record of the history has it, "" without one.

        And "" if it can't be read: who moves the alias is recorded all the same.
        """
        try:
            accuracy = self.find(number).test_accuracy
        except (ServerError, VersionError):
            return ""
        return accuracy if re.fullmatch(ACCURACY, accuracy) else ""

    def _delete_tags(self, version: Version, *keys: str) -> None:
        """Delete tags, which the version need not have."""
        with translate_errors(self.uri):
            for key in keys:
                self.client.delete_model_version_tag(self.name, str(version.number), key)


@contextmanager
def _report_error(version: Version) -> Iterator[None]:
    """Report an error of the history, which stops no move."""
    try:
        yield
    except ServerError as error:
        print_line(f"History  the move to version {version.number} is not recorded: {error}")
