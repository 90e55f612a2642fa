"""Settings: what goes before what, where each value came from, and what is said about a wrong one."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from devassist.config.load import FILE, Loaded, load_settings, recorded_settings
from devassist.config.template import template
from devassist.config.values import is_table, known_keys, types, value_of
from devassist.domain.errors import ConfigError
from devassist.domain.roles import Role
from devassist.domain.settings import ModelOffer, ModelPrice, Privacy, Settings

ROOT = Path(__file__).parents[3]


class Places:
    """A repository and a user's configuration file, written to as a test needs."""

    def __init__(self, root: Path) -> None:
        self.repository = root / "repo"
        self.repository.mkdir()
        self.user_file = root / "config.toml"

    def load(
        self,
        *,
        repo: str = "",
        user: str = "",
        environment: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> Loaded:
        if repo:
            (self.repository / FILE).write_text(repo, encoding="utf-8")
        if user:
            self.user_file.write_text(user, encoding="utf-8")
        return load_settings(
            repository=self.repository, user_file=self.user_file, environment=environment or {}, flags=flags
        )

    def error(self, **given: Any) -> ConfigError:
        with pytest.raises(ConfigError) as caught:
            self.load(**given)
        assert caught.value.exit_code == 2
        return caught.value


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def test_without_files_everything_is_at_its_default(places: Places) -> None:
    assert places.load() == Loaded(settings=Settings(), origins={})


def test_a_repository_is_not_needed(tmp_path: Path) -> None:
    loaded = load_settings(repository=None, user_file=tmp_path / "none.toml", environment={})
    assert loaded.settings == Settings()


def test_each_source_goes_before_the_one_below_it(places: Places) -> None:
    sources: dict[str, Any] = {}
    seen = []
    for source, given in [
        ("user", "[limits]\nmax_parallel = 11\n"),
        ("repo", "[limits]\nmax_parallel = 12\n"),
        ("environment", {"DEVASSIST_LIMITS_MAX_PARALLEL": "13"}),
        ("flags", {"limits.max_parallel": 14}),
    ]:
        sources[source] = given
        loaded = places.load(**sources)
        seen.append((loaded.settings.limits.max_parallel, loaded.origins["limits.max_parallel"]))
    assert seen == [
        (11, str(places.user_file)),
        (12, str(places.repository / FILE)),
        (13, "environment"),
        (14, "flag"),
    ]


def test_sources_merge_key_by_key_and_each_keeps_its_origin(places: Places) -> None:
    loaded = places.load(
        user='[model]\ndefault = "openai/a"\n[limits]\nmax_usd = 1\n',
        repo="[limits]\nmax_rounds = 7\n",
        environment={"DEVASSIST_AUDIT_REDACT": "a+, b+"},
        flags={"limits.max_minutes": 3.5, "limits.max_tokens": None},
    )
    settings = loaded.settings
    assert settings.model.default == "openai/a"
    assert (settings.limits.max_usd, settings.limits.max_rounds, settings.limits.max_minutes) == (1.0, 7, 3.5)
    assert settings.audit.redact == ("a+", "b+")
    assert loaded.origins == {
        "model.default": str(places.user_file),
        "limits.max_usd": str(places.user_file),
        "limits.max_rounds": str(places.repository / FILE),
        "audit.redact": "environment",
        "limits.max_minutes": "flag",
    }


def test_a_flag_that_was_not_given_sets_nothing(places: Places) -> None:
    assert places.load(flags={"limits.max_usd": None}).origins == {}


@pytest.mark.parametrize(
    ("text", "fact", "hint"),
    [
        ("[limit]\n", "unknown section limit", "Did you mean limits?"),
        ("[limits]\nmax_usdd = 1\n", "unknown key limits.max_usdd", "Did you mean limits.max_usd?"),
        ("[modle]\n", "unknown section modle", "Did you mean model?"),
        ('[model.roles]\ncodre = "x"\n', "unknown key model.roles.codre", "Did you mean model.roles.coder?"),
        ("[sandbox]\nzzzz = 1\n", "unknown key sandbox.zzzz", "Known: sandbox.mode, sandbox.network"),
        ("limits = 3\n", "limits must be a table", "[limits]"),
    ],
)
def test_an_unknown_key_names_the_file_the_key_and_the_nearest(
    places: Places, text: str, fact: str, hint: str
) -> None:
    error = places.error(repo=text)
    assert str(places.repository / FILE) in str(error)
    assert fact in str(error)
    assert hint in error.hint


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ('[limits]\nmax_usd = "5"\n', "limits.max_usd = '5' is not a number"),
        ("[limits]\nmax_usd = true\n", "limits.max_usd = True is not a number"),
        ("[limits]\nmax_parallel = 2.5\n", "limits.max_parallel = 2.5 is not a whole number"),
        ("[limits]\nmax_parallel = true\n", "limits.max_parallel = True is not a whole number"),
        ("[limits]\nmax_parallel = -1\n", "limits.max_parallel = -1 is negative"),
        ("[model]\ndefault = 3\n", "model.default = 3 is not a text"),
        ('[model]\nfallbacks = "a"\n', "model.fallbacks = 'a' is not a list of texts"),
        ("[model]\nfallbacks = [1]\n", "model.fallbacks = [1] is not a list of texts"),
        ('[model]\nroles = "a"\n', "model.roles = 'a' is not a table of texts"),
        ("[model.roles]\ncoder = 1\n", "model.roles.coder = 1 is not a text"),
        ("[approvals.thresholds]\nmerge = 1.1\n", "approvals.thresholds.merge = 1.1 is over 1"),
        ('[approvals.modes]\nmerge = "yes"\n', "approvals.modes.merge = 'yes'"),
        ('[sandbox]\nnetwork = "yes"\n', "sandbox.network = 'yes' is not true or false"),
        ('[sandbox]\nmode = "none"\n', "sandbox.mode = 'none'"),
        ('[approvals]\nmode = "always"\n', "approvals.mode = 'always'"),
        ("[approvals]\nconfidence_threshold = 1.5\n", "approvals.confidence_threshold = 1.5 is over 1"),
        ('[approvals]\nrequire = ["merges"]\n', "approvals.require names 'merges'"),
        ('[conflicts]\nfail_on = "fatal"\n', "conflicts.fail_on = 'fatal'"),
        ("[limits\n", "is not valid TOML"),
    ],
)
def test_a_wrong_value_names_the_file_the_key_and_what_it_should_be(
    places: Places, text: str, fact: str
) -> None:
    error = places.error(repo=text)
    assert str(places.repository / FILE) in str(error)
    assert fact in str(error)


@pytest.mark.parametrize("value", ["-0.1", "1.1", "2"])
@pytest.mark.parametrize(
    "setting",
    [
        "[approvals]\nconfidence_threshold",
        "[approvals.thresholds]\nmerge",
    ],
)
def test_a_threshold_out_of_range_is_told_its_range(places: Places, setting: str, value: str) -> None:
    assert places.error(repo=f"{setting} = {value}\n").hint == "a threshold lies between 0 and 1"


def test_a_limit_that_is_negative_is_told_what_no_limit_is(places: Places) -> None:
    assert places.error(repo="[limits]\nmax_usd = -1\n").hint == "0 means no limit"


def test_bytes_that_are_no_text_are_said_to_be_so(places: Places) -> None:
    (places.repository / FILE).write_bytes(b"\xff\xfe")
    assert "is not valid TOML" in str(places.error())


def test_a_file_that_cannot_be_read_is_named(places: Places) -> None:
    (places.repository / FILE).mkdir()
    assert f"{places.repository / FILE} cannot be read" in str(places.error())


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(places: Places) -> None:
    os.mkfifo(places.repository / FILE)
    assert "it is a pipe" in str(places.error())


def test_a_file_that_nests_without_end_is_no_defect_of_ours(places: Places) -> None:
    nested = "x = " + "[" * 50_000 + "]" * 50_000
    assert "is not valid TOML" in str(places.error(repo=f"[checks]\n{nested}\n"))


def test_a_whole_number_is_a_number(places: Places) -> None:
    value = places.load(repo="[limits]\nmax_usd = 3\n").settings.limits.max_usd
    assert (value, type(value)) == (3.0, float)


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("DEVASSIST_MODEL_DEFAULT", "openai/x", "model.default", "openai/x"),
        (
            "DEVASSIST_MODEL_API_BASE",
            "https://models.example.com",
            "model.api_base",
            "https://models.example.com",
        ),
        ("DEVASSIST_LIMITS_MAX_USD", "2", "limits.max_usd", 2.0),
        ("DEVASSIST_SANDBOX_NETWORK", "true", "sandbox.network", True),
        ("DEVASSIST_MODEL_FALLBACKS", "a/b, c/d,", "model.fallbacks", ("a/b", "c/d")),
        ("DEVASSIST_MODEL_ROLES", '{coder = "a/b"}', "model.roles", {"coder": "a/b"}),
        ("DEVASSIST_APPROVALS_MODE", "never", "approvals.mode", "never"),
    ],
)
def test_every_key_can_come_from_the_environment(
    places: Places, name: str, text: str, key: str, value: object
) -> None:
    loaded = places.load(environment={name: text, "PATH": "/bin", "HOME": "/root"})
    assert value_of(loaded.settings, key) == value
    assert loaded.origins == {key: "environment"}


def test_an_unknown_variable_is_answered_with_the_nearest(places: Places) -> None:
    error = places.error(environment={"DEVASSIST_LIMITS_MAX_USDD": "1"})
    assert "unknown variable DEVASSIST_LIMITS_MAX_USDD" in str(error)
    assert error.hint == "Did you mean DEVASSIST_LIMITS_MAX_USD?"


@pytest.mark.parametrize(
    ("name", "text"), [("DEVASSIST_LIMITS_MAX_USD", "much"), ("DEVASSIST_SANDBOX_NETWORK", "yes")]
)
def test_a_variable_that_is_no_value_is_named(places: Places, name: str, text: str) -> None:
    assert f"{name}={text!r}" in str(places.error(environment={name: text}))


def test_variables_that_are_not_settings_are_left_alone(places: Places) -> None:
    names = ("DEVASSIST_STATE_DIR", "DEVASSIST_RUN", "DEVASSIST_COMMAND", "DEVASSIST_REQUIRE_SANDBOXES")
    assert places.load(environment=dict.fromkeys(names, "x")).origins == {}


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8080/v1", "http://localhost:1234", "http://[::1]:11434", ""]
)
def test_a_repository_may_choose_a_server_on_this_machine(places: Places, base: str) -> None:
    assert places.load(repo=f'[model]\napi_base = "{base}"\n').settings.model.api_base == base


@pytest.mark.parametrize(
    "base",
    [
        "https://evil.example.com/v1",
        "http://127.0.0.1.evil.example.com",
        "http://localhost@evil.example.com",
        "evil.example.com",
        "//evil.example.com",
    ],
)
def test_a_repository_may_not_send_keys_to_a_server_elsewhere(places: Places, base: str) -> None:
    error = places.error(repo=f'[model]\napi_base = "{base}"\n')
    assert "is not on this machine" in str(error)
    assert "DEVASSIST_MODEL_API_BASE" in error.hint


def test_the_person_may_choose_any_server(places: Places) -> None:
    text = '[model]\napi_base = "https://models.example.com"\n'
    assert places.load(user=text).settings.model.api_base == "https://models.example.com"


def test_the_example_is_what_init_writes() -> None:
    assert (ROOT / ".devassist.toml.example").read_text("utf-8") == template()


def test_the_template_changes_nothing_and_shows_every_key(places: Places) -> None:
    assert places.load(repo=template()) == Loaded(settings=Settings(), origins={})
    for key in known_keys():
        section, _, name = key.partition(".")
        table = is_table(types()[key])
        shown = f"[{section}.{name}]" if table and name else f"# {name} = " if name else "\n# fast = {"
        assert shown in template().partition(f"[{section}]")[2], key


def test_what_the_template_shows_is_the_default(places: Places) -> None:
    uncommented = [
        line.removeprefix("# ") if tomllib_takes(line.removeprefix("# ")) else line
        for line in template().splitlines()
    ]
    examples = (
        "coder =",
        "fast =",
        "own =",
        "merge =",
        "resolution =",
        "temperature =",
        '"openai/my-model" =',
    )
    text = "\n".join(line for line in uncommented if not line.startswith(examples))
    assert places.load(repo=text).settings == Settings()


def tomllib_takes(line: str) -> bool:
    try:
        return bool(tomllib.loads(line)) and " = " in line
    except tomllib.TOMLDecodeError:
        return False


def test_the_template_sets_what_was_detected(places: Places) -> None:
    text = template({"checks.commands": ["python -m pytest -q"], "model.default": 'a"b'})
    settings = places.load(repo=text).settings
    assert settings.checks.commands == ("python -m pytest -q",)
    assert settings.model.default == 'a"b'


PRICES = '[model.prices]\n"openai/my-model" = {{ {} }}\n'


def test_parameters_and_prices_of_models_are_read(places: Places) -> None:
    text = """
[model.params]
temperature = 0
seed = 7
extra_headers = { X-Team = "agents", Authorization = "Bearer $PROXY_TOKEN" }
[model.role_params.coder]
reasoning_effort = "high"
max_tokens = 9000
[model.prices]
"openai/my-model" = { input = 1, output = 5.5 }
"""
    model = places.load(user=text).settings.model
    assert (model.params.temperature, model.params.seed, model.params.top_p) == (0, 7, None)
    assert model.params.extra_headers["Authorization"] == "Bearer $PROXY_TOKEN"
    assert model.role_params[Role.CODER].reasoning_effort == "high"
    assert model.prices == {"openai/my-model": ModelPrice(input=1, output=5.5)}
    assert recorded_settings(places.load(user=text).settings, {}).model == model


@pytest.mark.parametrize(
    ("text", "fact", "hint"),
    [
        (
            "[model.params]\ntemprature = 1\n",
            "unknown key model.params.temprature",
            "model.params.temperature?",
        ),
        (
            "[model.role_params.codre]\nseed = 1\n",
            "unknown key model.role_params.codre",
            "model.role_params.coder?",
        ),
        (
            "[model.role_params.coder]\nreasoning = 'x'\n",
            "unknown key model.role_params.coder.reasoning",
            "model.role_params.coder.reasoning_effort?",
        ),
        ('[model.params]\ntemperature = "hot"\n', "model.params.temperature = 'hot' is not a number", ""),
        ("[model.params]\ntemperature = nan\n", "model.params.temperature = nan is not a number", ""),
        ("[model.params]\ntemperature = inf\n", "model.params.temperature = inf is not a number", ""),
        ("[model.params]\ntemperature = -1\n", "model.params.temperature = -1 is negative", ""),
        ("[model.params]\nmax_tokens = 1.5\n", "model.params.max_tokens = 1.5 is not a whole number", ""),
        ("[model]\nparams = 3\n", "model.params = 3 is not a table", ""),
        ("[model]\nprices = ['x']\n", "model.prices = ['x'] is not a table", ""),
        (PRICES.format("input = 1"), "model.prices.openai/my-model has no output", "Known: input, output"),
        (
            PRICES.format("input = 1, output = 2, cached = 3"),
            "unknown key model.prices.openai/my-model.cached",
            "cache_read",
        ),
        (PRICES.format("input = -1, output = 2"), "model.prices.openai/my-model.input = -1 is negative", ""),
        (
            PRICES.format("input = inf, output = 2"),
            "model.prices.openai/my-model.input = inf is not a number",
            "",
        ),
        (
            '[model.params.extra_headers]\nX-Api-Key = "abc123"\n',
            "model.params.extra_headers.X-Api-Key looks like a secret",
            'X-Api-Key = "$VARIABLE"',
        ),
        ('[model.params.extra_headers]\n"X Team" = "a"\n', "X Team is not an HTTP header", ""),
        ('[model.params.extra_headers]\nX = "a\\nb"\n', "X is not an HTTP header", ""),
        ("[model.params.extra_headers]\nX = 3\n", "model.params.extra_headers.X = 3 is not a text", ""),
    ],
)
def test_a_wrong_parameter_or_price_is_named(places: Places, text: str, fact: str, hint: str) -> None:
    error = places.error(user=text)
    assert fact in str(error)
    assert hint in error.hint


def test_a_repository_sends_no_headers(places: Places) -> None:
    error = places.error(repo='[model.role_params.coder.extra_headers]\nX-Team = "$AWS_SECRET_ACCESS_KEY"\n')
    assert "may not choose what is sent of the environment" in str(error)
    assert places.load(repo="[model.params]\ntemperature = 0.5\n").settings.model.params.temperature == 0.5


def test_parameters_may_come_from_the_environment(places: Places) -> None:
    loaded = places.load(environment={"DEVASSIST_MODEL_PARAMS": "{ temperature = 0.3 }"})
    assert loaded.settings.model.params.temperature == 0.3


def test_parameters_of_several_files_add_up_entry_by_entry(places: Places) -> None:
    model = places.load(
        user="""
[model.params]
temperature = 1.0
extra_headers = { X-Team = "agents" }
[model.role_params.coder]
seed = 1
[model.prices]
"a/b" = { input = 1, output = 1 }
""",
        repo="""
[model.params]
temperature = 0.5
[model.role_params]
coder = { top_p = 0.5 }
tester = { seed = 2 }
[model.prices]
"a/c" = { input = 2, output = 2 }
""",
        environment={"DEVASSIST_MODEL_PARAMS": "{ seed = 9 }"},
    ).settings.model
    assert (model.params.temperature, model.params.seed) == (0.5, 9)
    assert model.params.extra_headers == {"X-Team": "agents"}
    assert (model.role_params[Role.CODER].seed, model.role_params[Role.CODER].top_p) == (1, 0.5)
    assert model.role_params[Role.TESTER].seed == 2
    assert set(model.prices) == {"a/b", "a/c"}


MODELS = """
[models.fast]
model = "openai/fast"
capabilities = ["code"]
price = { input = 1, output = 2 }
[models.own]
model = "ollama_chat/own"
privacy = "local"
context = 32000
[privacy]
paths = ["secret/"]
"""


def test_models_to_choose_from_are_read_by_name_and_recorded_with_the_run(places: Places) -> None:
    settings = places.load(user=MODELS).settings
    assert settings.models == {
        "fast": ModelOffer(model="openai/fast", capabilities=("code",), price=ModelPrice(input=1, output=2)),
        "own": ModelOffer(model="ollama_chat/own", privacy=Privacy.LOCAL, context=32000),
    }
    assert recorded_settings(settings, {"limits.max_usd": 1.0}).models == settings.models


def test_a_repository_adds_models_and_private_paths_and_takes_none_away(places: Places) -> None:
    repo = '[models.more]\nmodel = "openai/more"\n[privacy]\npaths = ["keys"]\n'
    settings = places.load(user=MODELS, repo=repo).settings
    assert list(settings.models) == ["fast", "own", "more"]
    assert settings.privacy.paths == ("secret/", "keys")


@pytest.mark.parametrize(
    ("name", "model"),
    [("fast", "openai/fast"), ("other", "openai/fast"), ("own", "openai/else"), ("more", "openai/else")],
)
def test_a_repository_cannot_call_a_model_local_that_the_user_does_not(
    places: Places, name: str, model: str
) -> None:
    repo = f'[models.{name}]\nmodel = "{model}"\nprivacy = "local"\n'
    assert places.load(user=MODELS, repo=repo).settings.models[name].privacy is Privacy.CLOUD


def test_a_repository_may_call_models_local_where_the_user_has_no_private_paths(places: Places) -> None:
    repo = '[models.own]\nmodel = "ollama_chat/own"\nprivacy = "local"\n'
    assert places.load(repo=repo).settings.models["own"].privacy is Privacy.LOCAL
    assert places.load(user=MODELS, repo=repo).settings.models["own"].privacy is Privacy.LOCAL


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ('[models.fast]\ncapabilities = ["code"]\n', "models.fast has no model"),
        ('[models.fast]\nmodel = "a/b"\nprivate = true\n', "unknown key models.fast.private"),
        ('[models.fast]\nmodel = "a/b"\nprivacy = "lokal"\n', "models.fast.privacy = 'lokal'"),
        ('[models.fast]\nmodel = "a/b"\nprice = { input = 1 }\n', "models.fast.price has no output"),
        ('[models.fast]\nmodel = ""\n', "models.fast.model is empty"),
        ('[models]\nmodel = "a/b"\n', "models.model = 'a/b'"),
    ],
)
def test_a_wrong_table_of_a_model_is_named(places: Places, text: str, fact: str) -> None:
    assert fact in str(places.error(repo=text))
