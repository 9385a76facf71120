"""A private bucket that browsers upload to, with lifecycle rules."""

from constructs_lib import Bucket, LifecycleRule, Stack
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "bucket", region="eu-west-1")

photos = Bucket(
    stack,
    "photos",
    lifecycle=[
        LifecycleRule(name="originals", prefix="originals/", infrequent_access_after_days=30),
        LifecycleRule(name="drafts", prefix="drafts/", expire_after_days=7),
    ],
)
photos.allow_uploads_from(["https://shop.example"])
stack.output("name", photos.name)

app.synth()
