"""Properties are about answers, not about time: a shared machine must not fail them."""

from hypothesis import settings

settings.register_profile("atlas", deadline=None)
settings.load_profile("atlas")
