"""JUnit files of builds: a real Maven's, and files such as Gradle's, which is too large to test with."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import pytest

from support.observed import outcomes, run_observed, write_tree

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<properties><maven.compiler.release>17</maven.compiler.release>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies><dependency><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId>
<version>5.11.4</version><scope>test</scope></dependency></dependencies>
<build><plugins>
<plugin><artifactId>maven-resources-plugin</artifactId><version>3.3.1</version></plugin>
<plugin><artifactId>maven-compiler-plugin</artifactId><version>3.13.0</version></plugin>
<plugin><artifactId>maven-surefire-plugin</artifactId><version>3.2.5</version></plugin>
</plugins></build></project>
"""
JAVA = """package x;
import org.junit.jupiter.api.*;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
class ATest {
  @Test void passes() {}
  @Test void fails() { Assertions.fail(); }
  @Disabled @Test void off() {}
  @ParameterizedTest @ValueSource(strings = {"a", "b"}) void each(String s) {}
  @Nested class Inner { @Test void deep() {} }
}
"""
SUITE = '<testsuite name="a.B"><testcase name="{name}" classname="a.B">{end}</testcase></testsuite>'
GRADLE = {
    "build.gradle": "",
    # Stands for what the build writes: JUnit files where Gradle puts them.
    "write.sh": "mkdir -p app/build/test-results/test && cp suite.txt app/build/test-results/test/TEST-a.B.xml\n",
    "suite.txt": SUITE.format(name="fails()", end="<failure/>"),
}


@pytest.mark.skipif(shutil.which("mvn") is None, reason="Maven is not installed")
def test_every_outcome_of_a_real_maven_is_told_from_the_others(tree: Path) -> None:
    repository = Path(pwd.getpwuid(os.getuid()).pw_dir, ".m2", "repository")
    write_tree(tree, {"java/pom.xml": POM, "java/src/test/java/x/ATest.java": JAVA})
    result, ledger = run_observed(f"cd java && mvn -o -B -q -Dmaven.repo.local={repository} test; true", tree)
    if "could not be resolved" in result.output:
        pytest.skip("the local Maven repository lacks surefire or JUnit")
    assert ledger.runner == "maven", result.output
    assert outcomes(ledger) == {
        "x.ATest.passes": "passed",
        "x.ATest.fails": "failed",
        "x.ATest.off": "skipped",
        "x.ATest.each(String)[1]": "passed",
        "x.ATest.each(String)[2]": "passed",
        "x.ATest$Inner.deep": "passed",
    }


def test_the_files_of_gradle_are_read_if_the_command_wrote_them(tree: Path) -> None:
    write_tree(tree, GRADLE)
    _, ledger = run_observed("sh write.sh", tree)
    assert ledger.runner == "gradle"
    assert outcomes(ledger) == {"a.B.fails()": "failed"}


def test_files_that_are_older_or_links_are_no_reports(tree: Path) -> None:
    passing = SUITE.format(name="passes()", end="")
    old = tree / "build/test-results/test/TEST-old.xml"
    write_tree(tree, {**GRADLE, "build/test-results/test/TEST-old.xml": passing, "elsewhere.xml": passing})
    os.utime(old, ns=(0, 0))
    (old.parent / "TEST-link.xml").symlink_to(tree / "elsewhere.xml")
    _, ledger = run_observed("true", tree)
    assert ledger.runner == ""
    assert not ledger.cases


def test_another_kind_of_tree_is_not_searched(tree: Path) -> None:
    write_tree(tree, {name: text for name, text in GRADLE.items() if name != "build.gradle"})
    _, ledger = run_observed("sh write.sh", tree)
    assert ledger.runner == ""
