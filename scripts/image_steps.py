"""Run the steps of the Dockerfile one by one in a fresh folder, without a container engine.

Absolute paths are moved below the folder, `python` is the interpreter that runs this, users and groups are left out,
and packages of the system too: the C compiler is the one that is there.
Shows that the files which are copied suffice to build and that the built program starts; not that the base image does.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CONTEXT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.so")
MOVED = ("/src", "/opt/tracepond", "/data")


def instructions(text: str) -> list[tuple[str, str]]:
    """(instruction, arguments) in order; comments dropped, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(line.split()[0].upper(), line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def moved(text: str, root: Path) -> str:
    """The text with the image's absolute paths below `root`."""
    return re.sub(rf"(?<![\w/])({'|'.join(MOVED)})\b", lambda match: f"{root}{match[1]}", text)


class Build:
    """The state between steps: folder, working directory, environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root
        self.environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(root)}
        self.environ |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}

    def step(self, instruction: str, arguments: str) -> None:
        handler = getattr(self, f"do_{instruction.lower()}", None)
        print(f"{'' if handler else '(skipped) '}{instruction} {arguments[:110]}", flush=True)
        if handler is not None:
            handler(arguments)

    def do_workdir(self, arguments: str) -> None:
        self.directory = Path(moved(arguments, self.root))
        self.directory.mkdir(parents=True, exist_ok=True)

    def do_copy(self, arguments: str) -> None:
        words = shlex.split(arguments)
        if words[0].startswith("--from="):
            if not Path(moved(words[1], self.root)).exists():
                raise SystemExit(f"COPY {arguments}: not there")
            return
        *sources, target = words
        for source in sources:
            if (CONTEXT / source).is_dir():
                shutil.copytree(CONTEXT / source, self.directory / target, ignore=LEFT_OUT)
            else:
                shutil.copy(CONTEXT / source, self.directory / target)

    def do_run(self, arguments: str) -> None:
        if arguments.startswith("apt-get "):
            return
        self.shell(re.sub(r"--(owner|group)=\S+ ?", "", moved(arguments, self.root)))

    def do_env(self, arguments: str) -> None:
        for pair in shlex.split(moved(arguments, self.root)):
            name, _, value = pair.partition("=")
            self.environ[name] = value.replace("$PATH", self.environ["PATH"])

    def shell(self, command: str) -> None:
        subprocess.run(["sh", "-c", command], cwd=self.directory, env=self.environ, check=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="image-steps-") as folder:
        build = Build(Path(folder))
        for instruction, arguments in instructions((CONTEXT / "Dockerfile").read_text()):
            build.step(instruction, arguments)
        build.shell("tracepond version && tracepond config check && tracepond --help >/dev/null")
        build.shell("tracepond version | grep --fixed-strings '(decoder: compiled; translator: compiled)'")
        build.shell(f"du -sm {shlex.quote(str(Path(folder) / 'opt/tracepond'))}")
    print("every step passed")


if __name__ == "__main__":
    main()
