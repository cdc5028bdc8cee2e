"""Files: `save` and `load` for PyTorch's `.pt`, `safetensors` for `.safetensors`.

save_load.py is the user's face. Reading: unpickle.py parses a pickle as data, torch_checkpoint.py knows PyTorch's two
formats and what may be named in them, storages.py checks that tensors stay inside of their memory. Writing:
pickle_writer.py and zip_writer.py.
"""

from rushlight.serialization.save_load import load as load
from rushlight.serialization.save_load import save as save
from rushlight.serialization.trusted import add_safe_globals as add_safe_globals
from rushlight.serialization.trusted import clear_safe_globals as clear_safe_globals
from rushlight.serialization.trusted import get_safe_globals as get_safe_globals
from rushlight.serialization.trusted import safe_globals as safe_globals
