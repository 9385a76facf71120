
# Debian's image lacks Session Manager's agent: install the pinned one from AWS's bucket, in the background.
systemd-run --no-block --unit session-manager-agent --property Type=oneshot --property TimeoutStartSec=180 \
  /usr/local/sbin/@NAME@-instance install_session_manager @AGENTVERSION@ @AGENTHASH@ ||
  echo "$name goes without Session Manager"
