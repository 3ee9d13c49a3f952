"""Berth under its own `berth serve`, as a user would start it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Server, free_address, start


@dataclass(frozen=True, slots=True)
class Berth:
    """Which interpreter runs Berth, and with how many processes. module: what is run as Berth."""

    python: Path
    folder: Path
    workers: int = 1
    ready_s: float = 60.0
    module: str = "berth"

    def serve(self, database: str, auth: str = "dev") -> Server:
        """Start it on a database's URL, on a loopback port. Raises NotStarted."""
        address = free_address()
        command = [*self.command, "serve", "--host", address.host, "--port", str(address.port)]
        command += ["--database", database, "--auth", auth, "--workers", str(self.workers)]
        return start(command, address, self.environment, self.folder / "berth.log", self.ready_s)

    def run(self, arguments: list[str], limit_s: float) -> None:
        """Run another of its commands to the end. Raises CalledProcessError or TimeoutExpired."""
        with (self.folder / "berth.log").open("ab") as log:
            subprocess.run(
                [*self.command, *arguments],
                check=True,
                timeout=limit_s,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def command(self) -> list[str]:
        return [str(self.python), "-m", self.module]

    @property
    def environment(self) -> dict[str, str]:
        """Berth from this checkout, if it is not installed, and the benchmark's own modules."""
        root = Path(__file__).parent.parent
        return {"PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
