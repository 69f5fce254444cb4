"""The names of this project's tests, as its sources spell them."""

import re


def literals(text):
    """A C++ run of string literals as one text."""
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', text)).replace('\\"', '"').replace("\\\\", "\\")


def test_names(root):
    names = set()
    for file in (root / "tests").rglob("*.cpp"):
        for match in re.finditer(r'TEST_CASE\(\s*((?:"(?:\\.|[^"\\])*"\s*)+)', file.read_text()):
            names.add(literals(match[1]))
    for file in (root / "tests").rglob("*.py"):
        names.update(re.findall(r'^@check\("(.*)"\)$', file.read_text(), re.MULTILINE))
    for file in (root / "tests").rglob("CMakeLists.txt"):
        names.update(re.findall(r'add_test\(NAME "([^"]+)"', file.read_text()))
    names.update(str(file.relative_to(root)) for file in (root / "tests/stories").glob("*.txt"))
    return names
