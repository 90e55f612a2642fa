"""How a run is started, resumed, followed, steered and taken over."""
