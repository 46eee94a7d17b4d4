"""The paths of the REST API, and a router for them."""

import re

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

# The methods of each path, as headers list them.
ROUTES = {
    "/classify": "POST",
    "/folders": "GET",
    "/health": "GET",
    "/results": "GET",
    "/results/{key+}": "GET",
    "/reviews": "GET",
    "/reviews/{key+}": "DELETE,PUT",
    "/uploads": "POST",
}


class ExactResolver(APIGatewayRestResolver):
    """A router whose paths match as a whole.

    The pattern of Powertools ends with `$`, which also matches before a line feed: `/results/%0a` would be the list.
    """

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = r"^(?s:{})/?\Z") -> re.Pattern[str]:
        return re.compile(base_regex.format(rule))
