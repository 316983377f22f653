"""Apache Kafka's command-line tools. They are judged by what they print: their exit codes mean little."""
import os
import subprocess


class Tools:
    def __init__(self, home, broker):
        self.home = home
        self.broker = broker

    def run(self, tool, *arguments, text=None, timeout=90):
        """What the tool prints, standard error included."""
        done = subprocess.run(
            [f"{self.home}/bin/{tool}.sh", *map(str, arguments)], input=text, text=True, timeout=timeout,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment())
        return done.stdout

    def environment(self):
        """A tool lives for a second, which is not worth an optimizing compiler's time; it logs as tools do."""
        inherited = {name: value for name, value in os.environ.items() if name != "KAFKA_LOG4J"}
        return {**inherited, "LOG_DIR": str(self.broker.directory), "KAFKA_OPTS": "-XX:TieredStopAtLevel=1"}

    def ask(self, tool, *arguments, **options):
        """The same for a tool that talks to the broker."""
        return self.run(tool, "--bootstrap-server", self.broker.address, *arguments, **options)
