"""`pio run -t test-runner` wrote this. `pio test` loads it; the runner itself comes with the platform."""

from platformio.platform.factory import PlatformFactory


def CustomTestRunner(suite, *more):  # noqa: N802 -- PlatformIO looks for this name
    return PlatformFactory.from_env(suite.env_name, autoinstall=True).test_runner(suite, *more)
