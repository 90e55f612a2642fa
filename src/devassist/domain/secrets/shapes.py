"""The shapes by which a token is known wherever it comes from: rule, a word that is always in it, and a pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence

_RULES = (
    ("openai", "sk-", r"\bsk-(?:proj-|ant-(?:api|admin)?\d*-?|or-v1-|svcacct-|None-)?[A-Za-z0-9_-]{20,}"),
    ("aws", "A", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    ("aws-secret", "ecret", r"(?i)(?<=secret_access_key)(\s*[=:]\s*[\"']?)[A-Za-z0-9/+=]{40}\b"),
    ("github", "gh", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    ("github", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{60,}\b"),
    ("gitlab", "gl", r"\bgl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent|oas)-[A-Za-z0-9_.-]{20,}"),
    ("google", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("google", "GOCSPX-", r"\bGOCSPX-[A-Za-z0-9_-]{28}"),
    ("google", "ya29.", r"\bya29\.[A-Za-z0-9_-]{20,}"),
    ("slack", "xox", r"\bxox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}"),
    ("slack", "xapp-", r"\bxapp-\d-[A-Z0-9]+-\d+-[a-f0-9]+"),
    ("slack", "hooks.slack", r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,}"),
    ("discord", "webhooks/", r"(?<=/api/webhooks/)\d{17,20}/[A-Za-z0-9_-]{60,}"),
    ("stripe", "k_", r"\b[rsp]k_(?:live|test|prod)_[A-Za-z0-9]{16,}"),
    ("stripe", "whsec_", r"\bwhsec_[A-Za-z0-9+/=]{24,}"),
    ("groq", "gsk_", r"\bgsk_[A-Za-z0-9]{40,}"),
    ("xai", "xai-", r"\bxai-[A-Za-z0-9]{40,}"),
    ("perplexity", "pplx-", r"\bpplx-[A-Za-z0-9]{40,}"),
    ("replicate", "r8_", r"\br8_[A-Za-z0-9]{37,}\b"),
    ("huggingface", "hf_", r"\bhf_[A-Za-z0-9]{30,}\b"),
    ("npm", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("pypi", "pypi-", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    ("rubygems", "rubygems_", r"\brubygems_[a-f0-9]{48}\b"),
    ("docker", "dckr_", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    ("digitalocean", "_v1_", r"\bdo[opr]_v1_[a-f0-9]{64}\b"),
    ("databricks", "dapi", r"\bdapi[a-f0-9]{32}(?:-\d)?\b"),
    ("telegram", ":AA", r"\b\d{8,10}:AA[A-Za-z0-9_-]{32,34}"),
    ("twilio", "SK", r"\bSK[0-9a-f]{32}\b"),
    ("sendgrid", "SG.", r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64}"),
    ("mailgun", "key-", r"\bkey-[0-9a-f]{32}\b"),
    ("mailchimp", "-us", r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("shopify", "shp", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
    ("square", "sq0", r"\bsq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,43}"),
    ("linear", "lin_api_", r"\blin_api_[A-Za-z0-9]{40}\b"),
    ("notion", "ntn_", r"\bntn_[A-Za-z0-9]{40,}\b"),
    ("atlassian", "ATATT3", r"\bATATT3[A-Za-z0-9_=-]{50,}"),
    ("newrelic", "NRAK-", r"\bNRAK-[A-Z0-9]{27}\b"),
    ("grafana", "glsa_", r"\bglsa_[A-Za-z0-9]{32}_[a-f0-9]{8}\b"),
    ("grafana", "glc_", r"\bglc_[A-Za-z0-9+/=]{32,}"),
    ("vault", "hv", r"\bhv[bsr]\.[A-Za-z0-9_-]{24,}"),
    ("terraform", ".atlasv1.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}"),
    ("pulumi", "pul-", r"\bpul-[a-f0-9]{40}\b"),
    ("planetscale", "pscale_", r"\bpscale_(?:pw|tkn|oauth)_[A-Za-z0-9_.-]{32,}"),
    ("postman", "PMAK-", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b"),
    ("sentry", "sntry", r"\bsntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    ("doppler", "dp.", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,}"),
    ("supabase", "sbp_", r"\bsbp_[a-f0-9]{40}\b"),
    ("heroku", "HRKU-", r"\bHRKU-[A-Za-z0-9_-]{30,}"),
    ("age", "AGE-SECRET-KEY-", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
    ("azure", "AccountKey=", r"(?<=AccountKey=)[A-Za-z0-9+/]{40,}={0,2}"),
    ("azure", "sig=", r"(?<=[?&]sig=)[A-Za-z0-9%+/]{40,}={0,2}"),
    ("azure", "8Q~", r"\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}"),
    ("jwt", "eyJ", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    ("url-password", "://", r"(?<=://)[^/\s:@]{0,64}:[^/\s:@]{3,}(?=@)"),
    ("bearer", "earer", r"(?<=earer )[A-Za-z0-9._~+/-]{20,}=*"),
    ("bearer", "EARER", r"(?<=EARER )[A-Za-z0-9._~+/-]{20,}=*"),
    ("basic", "asic ", r"(?i)(?<=authorization: basic )[A-Za-z0-9+/]{8,}={0,2}"),
)
SHAPES: Sequence[tuple[str, str, re.Pattern[str]]] = [
    (rule, word, re.compile(pattern)) for rule, word, pattern in _RULES
]
PEM = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----"
    r"|PuTTY-User-Key-File-\d:.*?Private-MAC: [0-9a-f]+",
    re.DOTALL,
)
