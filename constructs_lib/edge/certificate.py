"""Certificates that renew automatically, validated by DNS records."""

from __future__ import annotations

import dataclasses

from constructs_lib.foundation import cdk
from constructs_lib.foundation.errors import Checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class Domain:
    """A site's domain name and its hosted zone.

    Args:
        name: domain name, such as ``portal.example.com``.
        hosted_zone_id: id of the Route 53 zone of the name or of a parent domain.
    """

    name: str
    hosted_zone_id: str


class Certificate(cdk.Construct):
    """An ACM certificate, validated by DNS; ACM renews it while the DNS record exists.

    Args:
        domain: domain of the certificate.

    Raises:
        ConstructError: for an invalid host name or zone id.
    """

    def __init__(self, scope: cdk.Construct, id: str, *, domain: Domain) -> None:
        checks = Checks(scope, id)
        pattern = r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
        # ACM limits common names to 64 characters.
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
        validation = certificate.domain_validation_options.get(0)
        record = cdk.aws.route53_record.Route53Record(
            self,
            "proof",
            zone_id=domain.hosted_zone_id,
            name=validation.resource_record_name,
            type=validation.resource_record_type,
            records=[validation.resource_record_value],
            ttl=300,
            # ACM uses the same record for all certificates of a name in an account.
            allow_overwrite=True,
        )
        validated = cdk.aws.acm_certificate_validation.AcmCertificateValidation(
            self, "validated", certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn]
        )
        self.arn: str = validated.certificate_arn
        """ARN of the certificate, known after ACM has issued it."""
