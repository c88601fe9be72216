"""An S3 server for tests, that can be away for a while."""

import logging
import os
from contextlib import contextmanager

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from core import shared_folders
from tests.ports import free_port

KEYS = {"access_key": "test", "secret_key": "test", "region_name": "us-east-1"}


def be_host(settings, folder):
    """Go on as another host, whose folders are below `folder`."""
    settings.RELEASES_DIR, settings.RUNS_DIR = folder / "releases", folder / "runs"
    settings.WORK_DIR, settings.ENCODERS_DIR = folder / "work", folder / "encoders"
    shared_folders._seen.clear()  # as another process
    shared_folders._listed.clear()


class ObjectStore:
    """One for all tests, with a bucket for each that asks for one."""

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self.address = os.environ.get("SERVICES_ADDRESS", "127.0.0.1")
        self.port, self.count = free_port(), 0
        self.endpoint = f"http://{self.address}:{self.port}"
        self._start()

    def _start(self):
        self.server = ThreadedMotoServer(ip_address=self.address, port=self.port, verbose=False)
        self.server.start()

    def stop(self):
        self.server.stop()

    def new_bucket(self, settings):
        """The setting of a storage with an empty bucket of its own."""
        self.count += 1
        self.bucket = f"bucket-{self.count}"
        client = boto3.client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        client.create_bucket(Bucket=self.bucket)
        options = settings.S3_MEDIA["OPTIONS"] | KEYS
        options |= {"bucket_name": self.bucket, "endpoint_url": self.endpoint}
        options |= {"client_config": Config(retries={"total_max_attempts": 1})}
        return settings.S3_MEDIA | {"OPTIONS": options}

    def environment(self):
        """The settings by which another process finds the bucket."""
        return {
            "S3_BUCKET": self.bucket, "S3_ENDPOINT": self.endpoint, "S3_REGION": "us-east-1",
            "S3_ACCESS_KEY": "test", "S3_SECRET_KEY": "test",
        }  # fmt: skip

    @contextmanager
    def away(self):
        """It does not answer meanwhile; what it holds stays. Calling what this gives ends it."""
        over = []

        def back():
            if not over:
                over.append(True)
                self._start()

        self.server.stop()
        try:
            yield back
        finally:
            back()
