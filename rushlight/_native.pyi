"""The extension module (native/). Its functions take arrays and check them themselves."""

from typing import Any

def __getattr__(name: str) -> Any: ...
