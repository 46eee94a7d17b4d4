"""The embedded cloud starts no more functions at once than this machine bears."""

from local.cloud import Cloud
from local.stack import stack_parameters


def test_the_deployed_queue_is_read_by_as_many_functions_as_the_machine_bears(cloud: Cloud) -> None:
    [mapping] = cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == int(stack_parameters()["MaximumConcurrency"])
