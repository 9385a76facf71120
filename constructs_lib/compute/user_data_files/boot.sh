#!/bin/bash
# Installs @NAME@ from S3, starts it and reports to Auto Scaling. If anything fails, the instance never enters service,
# and the end of this script's log is in CloudWatch Logs, in @LOGGROUP@.
# shellcheck disable=SC2154  # instance.sh sets name and region
set -euo pipefail
umask 022
log='/var/log/@NAME@-boot.log'
exec 3>&1 >>"$log" 2>&1

mkdir -p /usr/local/sbin
cat >/usr/local/sbin/@NAME@-instance <<'INSTANCE'
@INSTANCE@INSTANCE
chmod 755 /usr/local/sbin/@NAME@-instance
# shellcheck source=/dev/null
. /usr/local/sbin/@NAME@-instance

doing=install took='' since=$(date +%s%N)
step() {
  local now
  now=$(date +%s%N)
  took+="$doing $(((now - since) / 1000000)) ms, " doing=$1 since=$now
}
finish() {
  local status=$?
  trap - EXIT ERR
  set +e
  step end
  if [ "$status" -eq 0 ]; then
    echo "$name is ready: ${took%, }" | tee -a "$log" | ship
  else
    journalctl --unit "$name" --lines 100 --no-pager --output cat
    echo "$name failed to boot: ${took%, }"
    tail --lines 200 "$log" | ship
    complete launching ABANDON
  fi
  cat "$log" >&3
}
trap finish EXIT
trap 'echo "line $LINENO of the user-data failed: $BASH_COMMAND"' ERR

# shellcheck source=/dev/null
. /etc/os-release
if [ "$ID-${VERSION_ID:-}" != debian-13 ]; then
  echo "$name runs on Debian 13; this is ${PRETTY_NAME:-$ID}. Give an AMI of Debian 13"
  exit 1
fi

step fetch
home='/opt/@NAME@/releases/@RELEASE@'
mkdir -p "$home"
fetch() { # KEY VERSION SHA256 (of the tar inside)
  local archive="$home/$3.tar"
  echo "fetching $1, version $2"
  credentials | ask --max-time @FETCH@ --retry-max-time @FETCH@ --config - --aws-sigv4 "aws:amz:$region:s3" \
    --output "$archive.gz" "https://@BUCKET@.s3.$region.amazonaws.com/$1?versionId=$2"
  gzip --decompress --force "$archive.gz"
  echo "$3  $archive" | sha256sum --check --quiet
  tar --extract --file "$archive" --directory "$home" --no-same-owner
  rm "$archive"
}
fetches=()
@FETCHES@mkdir -p /etc/@NAME@ /etc/systemd/journald.conf.d
cat >/etc/@NAME@/environment <<'@END@'
@ENVIRONMENT@@END@
chmod 600 /etc/@NAME@/environment
cat >/etc/systemd/journald.conf.d/size.conf <<'CONF'
[Journal]
SystemMaxUse=512M
RuntimeMaxUse=64M
CONF
cat >/etc/systemd/system/@NAME@.service <<'UNIT'
@SERVICE@UNIT
cat >/etc/systemd/system/@NAME@-watch.service <<'UNIT'
@WATCH@UNIT
cat >/etc/systemd/system/@NAME@-failed.service <<'UNIT'
@FAILED@UNIT
mkdir -p /etc/systemd/system/@NAME@{,-watch,-failed}.service.d
tee /etc/systemd/system/@NAME@{,-watch,-failed}.service.d/hardened.conf >/dev/null <<'CONF'
@HARDENED@CONF
systemctl daemon-reload
systemctl restart systemd-journald
systemctl enable --now --no-block @NAME@-watch
for fetched in "${fetches[@]}"; do wait "$fetched"; done
ln -sfn "$home" /opt/@NAME@/current

step start
systemctl enable --now --no-block @NAME@
until systemctl is-active --quiet @NAME@@READY@; do
  if systemctl is-failed --quiet @NAME@; then
    echo "$name failed too often"
    exit 1
  elif [ "$SECONDS" -ge @LIMIT@ ]; then
    echo "$name is not ready @LIMIT@ s after the boot began"
    exit 1
  fi
  sleep 0.5
done
touch /etc/@NAME@/ready

step report
# Fails harmlessly if no lifecycle hook waits for the instance.
complete launching CONTINUE || true
@AGENT@