"""Programs that run beside a test and tell on their standard output how far they are."""
import re
import subprocess
import threading


class Program:
    """A process whose output, standard error included, is kept and can be waited for."""

    def __init__(self, *command, **options):
        self.process = subprocess.Popen(
            [str(each) for each in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", **options)
        self.changed = threading.Condition()
        self.lines = []
        self.ended = False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, pattern, seconds=120):
        """The first line with the pattern."""
        def found():
            return next((line for line in self.lines if re.search(pattern, line)), None)

        with self.changed:
            self.changed.wait_for(lambda: found() or self.ended, seconds)
            assert found(), f"no line with {pattern!r}:\n" + "\n".join(self.lines[-60:])
            return found()

    def stop(self, seconds=60):
        """SIGTERM, and the wait for its end."""
        self.process.terminate()
        self.process.wait(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(30)
