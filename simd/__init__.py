"""Build, measure and browse semantic image-matting datasets.

The public names stand in ``__init__.pyi``, each with its home; a home is imported when a name of it is first
asked for, so that ``import simd`` costs next to nothing.

>>> import simd
>>> simd.CLASSES[:3]
('defocus', 'fire', 'fur')
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
