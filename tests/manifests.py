"""Contexts as manifests declare them: what the tests that only need some share."""


def declared(context: str, *components: str) -> str:
    """The tables of a context and its components; every module follows from the names, in lower case."""
    module = context.lower()
    tables = [f'[[context.component]]\nname = "{name}"\nmodule = "{module}.{name.lower()}"\n' for name in components]
    return f'[[context]]\nname = "{context}"\nmodule = "{module}"\n' + "".join(tables)
