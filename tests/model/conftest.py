"""How hypothesis runs here: a busy machine is no bug, so no deadline; a log is a large example, so fewer of them."""

from hypothesis import HealthCheck, settings

settings.register_profile("model", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("model")
