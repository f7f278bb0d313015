"""dbutils.widgets: the parameters of a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.spark.areas import Area


class InputWidgetNotDefinedError(Exception):
    """A notebook reads a parameter that nobody passed and no widget declares."""


InputWidgetNotDefinedError.__name__ = "com.databricks.dbutils_v1.InputWidgetNotDefined"


class Widgets(Area):
    """Parameters of the run over defaults that the notebook declares."""

    name = "widgets"

    def __init__(self, parameters: Mapping[str, str], defaults: Mapping[str, str] | None = None) -> None:
        self._parameters = dict(parameters)
        self.defaults = dict(defaults or {})

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:  # noqa: N803 - dbutils' names
        """Declare a widget."""
        del label
        self.defaults[name] = str(defaultValue)

    def dropdown(
        self,
        name: str,
        defaultValue: str,  # noqa: N803 - dbutils' name
        choices: Sequence[str] = (),
        label: str | None = None,
    ) -> None:
        """Declare a widget with choices; a run takes what it is given, as on Databricks."""
        del choices
        self.text(name, defaultValue, label)

    combobox = multiselect = dropdown

    def get(self, name: str) -> str:
        """Return the value of a parameter or widget."""
        values = self.getAll()
        if name not in values:
            raise InputWidgetNotDefinedError(f"No input widget named {name} is defined")
        return values[name]

    def getAll(self) -> dict[str, str]:  # noqa: N802 - dbutils' name
        """Return every value by name."""
        return self.defaults | self._parameters

    def getArgument(self, name: str, defaultValue: str | None = None) -> str:  # noqa: N802, N803 - dbutils' names
        """Return a value, or the default where there is none."""
        return self.getAll().get(name, defaultValue) if defaultValue is not None else self.get(name)

    def pass_on(self, arguments: Mapping[str, str]) -> None:
        """Take the arguments of `%run` as parameters."""
        self._parameters |= arguments

    def remove(self, name: str) -> None:
        """Take a declared widget away."""
        self.defaults.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802 - dbutils' name
        """Take all declared widgets away."""
        self.defaults.clear()
