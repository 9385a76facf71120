"""The IAM actions that Terraform needs to create, read, change and delete each type of resource.

Source: the permissions each service lists, https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

_EC2_TAGS = "ec2:CreateTags ec2:DeleteTags"

_BY_KIND = {
    "aws_acm_certificate": "acm:RequestCertificate acm:DescribeCertificate acm:DeleteCertificate "
    "acm:AddTagsToCertificate acm:ListTagsForCertificate",
    "aws_autoscaling_group": "autoscaling:CreateAutoScalingGroup autoscaling:UpdateAutoScalingGroup "
    "autoscaling:DeleteAutoScalingGroup autoscaling:DescribeAutoScalingGroups autoscaling:DescribeScalingActivities "
    "autoscaling:CreateOrUpdateTags autoscaling:EnableMetricsCollection ec2:RunInstances "
    "autoscaling:DescribeInstanceRefreshes iam:CreateServiceLinkedRole",
    "aws_autoscaling_lifecycle_hook": "autoscaling:PutLifecycleHook autoscaling:DescribeLifecycleHooks "
    "autoscaling:DeleteLifecycleHook",
    "aws_autoscaling_policy": "autoscaling:PutScalingPolicy autoscaling:DescribePolicies autoscaling:DeletePolicy",
    "aws_cloudwatch_composite_alarm": "cloudwatch:PutCompositeAlarm cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms",
    "aws_cloudwatch_dashboard": "cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards",
    "aws_cloudwatch_log_group": "logs:CreateLogGroup logs:DescribeLogGroups logs:DeleteLogGroup "
    "logs:PutRetentionPolicy logs:TagResource logs:ListTagsForResource",
    "aws_cloudwatch_metric_alarm": "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms "
    "cloudwatch:TagResource cloudwatch:ListTagsForResource",
    "aws_cloudwatch_query_definition": "logs:PutQueryDefinition logs:DescribeQueryDefinitions "
    "logs:DeleteQueryDefinition",
    "aws_db_instance": "rds:CreateDBInstance rds:DescribeDBInstances rds:ModifyDBInstance rds:DeleteDBInstance "
    "rds:CreateDBSnapshot rds:AddTagsToResource rds:ListTagsForResource secretsmanager:CreateSecret "
    "secretsmanager:TagResource",
    "aws_db_parameter_group": "rds:CreateDBParameterGroup rds:DescribeDBParameterGroups rds:DescribeDBParameters "
    "rds:ModifyDBParameterGroup rds:DeleteDBParameterGroup",
    "aws_db_subnet_group": "rds:CreateDBSubnetGroup rds:DescribeDBSubnetGroups rds:DeleteDBSubnetGroup",
    "aws_default_security_group": "ec2:DescribeSecurityGroups ec2:RevokeSecurityGroupIngress "
    "ec2:RevokeSecurityGroupEgress",
    "aws_eip": "ec2:AllocateAddress ec2:DescribeAddresses ec2:DescribeAddressesAttribute "
    "ec2:DisassociateAddress ec2:ReleaseAddress "
    f"{_EC2_TAGS}",
    "aws_flow_log": "ec2:CreateFlowLogs ec2:DescribeFlowLogs ec2:DeleteFlowLogs iam:PassRole",
    "aws_iam_instance_profile": "iam:CreateInstanceProfile iam:GetInstanceProfile iam:DeleteInstanceProfile "
    "iam:TagInstanceProfile "
    "iam:AddRoleToInstanceProfile iam:RemoveRoleFromInstanceProfile iam:PassRole",
    "aws_iam_role": "iam:CreateRole iam:GetRole iam:DeleteRole iam:TagRole iam:ListRolePolicies "
    "iam:ListAttachedRolePolicies iam:ListInstanceProfilesForRole",
    "aws_iam_role_policy": "iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy",
    "aws_iam_role_policy_attachment": "iam:AttachRolePolicy iam:DetachRolePolicy iam:ListAttachedRolePolicies",
    "aws_internet_gateway": "ec2:CreateInternetGateway ec2:AttachInternetGateway ec2:DetachInternetGateway "
    f"ec2:DescribeInternetGateways ec2:DeleteInternetGateway {_EC2_TAGS}",
    "aws_kms_alias": "kms:CreateAlias kms:ListAliases kms:DeleteAlias",
    "aws_kms_key": "kms:CreateKey kms:DescribeKey kms:GetKeyPolicy kms:PutKeyPolicy kms:EnableKeyRotation "
    "kms:GetKeyRotationStatus kms:ScheduleKeyDeletion kms:TagResource kms:ListResourceTags",
    "aws_lambda_function": "lambda:CreateFunction lambda:GetFunction lambda:GetFunctionCodeSigningConfig "
    "lambda:ListVersionsByFunction lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:DeleteFunction "
    "lambda:TagResource lambda:UntagResource iam:PassRole",
    "aws_lambda_invocation": "lambda:InvokeFunction",
    "aws_launch_template": "ec2:CreateLaunchTemplate ec2:CreateLaunchTemplateVersion ec2:DescribeLaunchTemplates "
    # GetInstanceUefiData: the provider's data source of an image.
    "ec2:DescribeImages ec2:GetInstanceUefiData "
    f"ec2:DescribeLaunchTemplateVersions ec2:ModifyLaunchTemplate ec2:DeleteLaunchTemplate iam:PassRole {_EC2_TAGS}",
    "aws_lb": "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:DescribeLoadBalancers "
    "elasticloadbalancing:ModifyLoadBalancerAttributes elasticloadbalancing:DescribeLoadBalancerAttributes "
    "elasticloadbalancing:DeleteLoadBalancer elasticloadbalancing:AddTags elasticloadbalancing:DescribeTags "
    "elasticloadbalancing:DescribeCapacityReservation",
    "aws_lb_listener": "elasticloadbalancing:CreateListener elasticloadbalancing:DescribeListeners "
    "elasticloadbalancing:DescribeListenerAttributes elasticloadbalancing:ModifyListener "
    "elasticloadbalancing:DeleteListener",
    "aws_lb_target_group": "elasticloadbalancing:CreateTargetGroup elasticloadbalancing:DescribeTargetGroups "
    "elasticloadbalancing:ModifyTargetGroupAttributes elasticloadbalancing:DescribeTargetGroupAttributes "
    "elasticloadbalancing:DeleteTargetGroup elasticloadbalancing:DescribeTargetHealth",
    "aws_nat_gateway": f"ec2:CreateNatGateway ec2:DescribeNatGateways ec2:DeleteNatGateway {_EC2_TAGS}",
    "aws_route": "ec2:CreateRoute ec2:DescribeRouteTables ec2:DeleteRoute",
    "aws_route53_record": "route53:ChangeResourceRecordSets route53:ListResourceRecordSets route53:GetChange "
    "route53:GetHostedZone",
    "aws_route_table": f"ec2:CreateRouteTable ec2:DescribeRouteTables ec2:DeleteRouteTable {_EC2_TAGS}",
    "aws_route_table_association": "ec2:AssociateRouteTable ec2:DisassociateRouteTable ec2:DescribeRouteTables",
    "aws_route53_zone": "route53:ChangeTagsForResource route53:CreateHostedZone route53:GetHostedZone "
    "route53:DeleteHostedZone route53:ListTagsForResource route53:GetChange",
    "aws_s3_bucket": "s3:CreateBucket s3:DeleteBucket s3:ListBucket s3:ListBucketVersions s3:GetBucketTagging "
    "s3:PutBucketTagging s3:GetAccelerateConfiguration s3:GetBucketAcl s3:GetBucketLogging "
    "s3:GetBucketObjectLockConfiguration s3:GetBucketRequestPayment s3:GetBucketWebsite s3:GetReplicationConfiguration",
    "aws_s3_bucket_cors_configuration": "s3:PutBucketCORS s3:GetBucketCORS",
    "aws_s3_bucket_lifecycle_configuration": "s3:PutLifecycleConfiguration s3:GetLifecycleConfiguration",
    "aws_s3_bucket_ownership_controls": "s3:PutBucketOwnershipControls s3:GetBucketOwnershipControls",
    "aws_s3_bucket_policy": "s3:PutBucketPolicy s3:GetBucketPolicy s3:DeleteBucketPolicy",
    "aws_s3_bucket_public_access_block": "s3:PutBucketPublicAccessBlock s3:GetBucketPublicAccessBlock",
    "aws_s3_bucket_server_side_encryption_configuration": "s3:PutEncryptionConfiguration s3:GetEncryptionConfiguration",
    "aws_s3_bucket_versioning": "s3:PutBucketVersioning s3:GetBucketVersioning",
    "aws_s3_object": "s3:PutObject s3:GetObject s3:DeleteObject s3:DeleteObjectVersion s3:PutObjectTagging "
    "s3:GetObjectTagging",
    "aws_secretsmanager_secret": "secretsmanager:CreateSecret secretsmanager:DescribeSecret "
    "secretsmanager:DeleteSecret secretsmanager:TagResource secretsmanager:GetResourcePolicy",
    "aws_secretsmanager_secret_version": "secretsmanager:PutSecretValue secretsmanager:GetSecretValue "
    "secretsmanager:GetRandomPassword",
    "aws_security_group": "ec2:CreateSecurityGroup ec2:DescribeSecurityGroups ec2:DeleteSecurityGroup "
    "ec2:DescribeNetworkInterfaces "
    f"ec2:RevokeSecurityGroupEgress {_EC2_TAGS}",
    "aws_sns_topic": "sns:CreateTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:DeleteTopic sns:TagResource "
    "sns:ListTagsForResource",
    "aws_sns_topic_subscription": "sns:Subscribe sns:GetSubscriptionAttributes sns:Unsubscribe",
    "aws_sqs_queue": "sqs:CreateQueue sqs:GetQueueAttributes sqs:SetQueueAttributes sqs:DeleteQueue sqs:TagQueue "
    "sqs:ListQueueTags",
    "aws_subnet": f"ec2:CreateSubnet ec2:DescribeSubnets ec2:ModifySubnetAttribute ec2:DeleteSubnet {_EC2_TAGS}",
    "aws_vpc": "ec2:CreateVpc ec2:DescribeVpcs ec2:DescribeNetworkAcls ec2:DescribeRouteTables "
    f"ec2:ModifyVpcAttribute ec2:DescribeVpcAttribute ec2:DeleteVpc {_EC2_TAGS}",
    "aws_vpc_endpoint": "ec2:CreateVpcEndpoint ec2:DescribeVpcEndpoints ec2:ModifyVpcEndpoint ec2:DeleteVpcEndpoints "
    f"ec2:DescribePrefixLists {_EC2_TAGS}",
    "aws_vpc_security_group_egress_rule": "ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress "
    "ec2:ModifySecurityGroupRules "
    "ec2:DescribeSecurityGroupRules",
    "aws_vpc_security_group_ingress_rule": "ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress "
    "ec2:ModifySecurityGroupRules "
    "ec2:DescribeSecurityGroupRules",
    "aws_wafv2_web_acl": "wafv2:CreateWebACL wafv2:GetWebACL wafv2:UpdateWebACL wafv2:DeleteWebACL wafv2:TagResource "
    "wafv2:ListTagsForResource",
    "aws_wafv2_web_acl_association": "wafv2:AssociateWebACL wafv2:DisassociateWebACL wafv2:GetWebACLForResource "
    "elasticloadbalancing:SetWebAcl elasticloadbalancing:CreateWebACLAssociation "
    "elasticloadbalancing:DeleteWebACLAssociation elasticloadbalancing:GetLoadBalancerWebACL wafv2:GetWebACL",
    "aws_wafv2_web_acl_logging_configuration": "wafv2:PutLoggingConfiguration wafv2:GetLoggingConfiguration "
    "wafv2:DeleteLoggingConfiguration logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups "
    "logs:DescribeResourcePolicies logs:PutResourcePolicy iam:CreateServiceLinkedRole",
    # Parts of another resource, with its permissions.
    "aws_acm_certificate_validation": "acm:DescribeCertificate",
    "aws_sns_topic_policy": "sns:SetTopicAttributes",
    "aws_sqs_queue_policy": "sqs:SetQueueAttributes",
    "aws_sqs_queue_redrive_allow_policy": "sqs:SetQueueAttributes",
}

ACTIONS = {kind: frozenset(actions.split()) for kind, actions in _BY_KIND.items()}
"""Actions by Terraform type."""

ALWAYS = frozenset({"ec2:DescribeAvailabilityZones", "ssm:GetParameter"})
"""Actions of data sources."""

_BY_COMMAND = {
    "deploy": "autoscaling:DescribeAutoScalingGroups autoscaling:DescribeInstanceRefreshes "
    "autoscaling:DescribeScalingActivities elasticloadbalancing:DescribeLoadBalancers "
    "elasticloadbalancing:DescribeTargetGroups elasticloadbalancing:DescribeTargetHealth logs:DescribeLogStreams "
    "logs:GetLogEvents sqs:GetQueueUrl",
    "destroy": "rds:DescribeDBInstanceAutomatedBackups rds:DescribeDBSnapshots s3:GetObject s3:ListBucket "
    "tag:GetResources",
    "doctor": "ec2:DescribeAddresses ec2:DescribeInstanceTypes ec2:DescribeInstances ec2:DescribeNatGateways "
    "ec2:DescribeRegions ec2:DescribeVpcs elasticloadbalancing:DescribeLoadBalancers freetier:GetAccountPlanState "
    "iam:GetRole iam:SimulatePrincipalPolicy rds:DescribeDBInstances s3:ListAllMyBuckets "
    "servicequotas:GetServiceQuota",
    "logs": "logs:FilterLogEvents",
    "open": "elasticloadbalancing:DescribeListeners elasticloadbalancing:DescribeLoadBalancers",
    "rollback": "autoscaling:RollbackInstanceRefresh s3:GetObjectVersion s3:ListBucketVersions",
    "scale": "autoscaling:SetDesiredCapacity",
    "status": "cloudwatch:DescribeAlarms cloudwatch:GetMetricStatistics ec2:DescribeLaunchTemplateVersions "
    "sqs:GetQueueAttributes",
}

OPERATIONS = frozenset(action for actions in _BY_COMMAND.values() for action in actions.split())
"""Actions of the commands' own calls."""
