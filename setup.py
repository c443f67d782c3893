"""The packages of the wheel, configs/ among them, which pyproject.toml has no way to say."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["kerasseg", "kerasseg.*"]), "kerasseg.configs"],
    package_dir={"kerasseg.configs": "configs"},
    package_data={
        "kerasseg": ["py.typed"],
        "kerasseg.configs": ["*.yaml"],
        "kerasseg.export": ["web_page/*"],
    },
)
