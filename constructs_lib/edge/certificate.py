"""A certificate that renews itself, proven by records in a hosted zone."""

from __future__ import annotations

import dataclasses

from constructs_lib.foundation import cdk
from constructs_lib.foundation.errors import Checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class Domain:
    """A name of a site, and who may write its records.

    Args:
        name: such as ``portal.example.com``.
        hosted_zone_id: the Route 53 zone that holds the name or a parent of it.
    """

    name: str
    hosted_zone_id: str


class Certificate(cdk.Construct):
    """An ACM certificate, validated by DNS, which ACM renews as long as the record stands.

    Args:
        domain: what it is for.

    Raises:
        ConstructError: for a name that is no host name.
    """

    def __init__(self, scope: cdk.Construct, id: str, *, domain: Domain) -> None:
        checks = Checks(scope, id)
        pattern = r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
        # ACM takes no common name above 64 characters.
        checks.name("domain.name", domain.name, longest=64, owner="certificate", pattern=pattern)
        checks.name(
            "domain.hosted_zone_id", domain.hosted_zone_id, longest=32, owner="hosted zone", pattern=r"[A-Z0-9]+"
        )
        super().__init__(scope, id)
        certificate = cdk.aws.acm_certificate.AcmCertificate(
            self,
            "certificate",
            domain_name=domain.name,
            validation_method="DNS",
            lifecycle=cdk.TerraformResourceLifecycle(create_before_destroy=True),
        )
        proof = certificate.domain_validation_options.get(0)
        record = cdk.aws.route53_record.Route53Record(
            self,
            "proof",
            zone_id=domain.hosted_zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            # ACM asks every certificate of a name in an account for the same record.
            allow_overwrite=True,
        )
        validated = cdk.aws.acm_certificate_validation.AcmCertificateValidation(
            self, "validated", certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn]
        )
        self.arn: str = validated.certificate_arn
        """Known once ACM has issued it."""
