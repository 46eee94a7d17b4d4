"""How fast the machines are that can run a model."""

# Physical cores: an instance of Intel has one for two vCPUs, and one of Graviton has one for each.
# Source: Amazon EC2 User Guide, "CPU options for Amazon EC2 instances".
CORES = {"ml.c6i.large": 1, "ml.c7i.large": 1, "ml.c7g.large": 2}
# Images of 224x224 per second on one core, measured: benchmarks/served_speed.md, batches of 16.
RESNET_50_PER_SECOND = 28.3
# The operations of one image, where a multiplication and an addition are two: measured as above.
RESNET_50_GFLOP = 8.17
# A ResNet-101 needs 7.6 and a ResNet-50 3.8 billion multiplications and additions.
# Source: He et al., "Deep Residual Learning for Image Recognition", 2016, Table 1.
RESNET_101_TO_50 = 7.6 / 3.8
RESNET_101_PER_SECOND = RESNET_50_PER_SECOND / RESNET_101_TO_50
# An instance with one NVIDIA T4, whose peak is 8.1 TFLOPS with 32 bits. Source: NVIDIA, "T4", datasheet.
GPU = "ml.g4dn.xlarge"
GPU_GFLOPS = 8100
FULL_SPEED_GPU = GPU_GFLOPS / (RESNET_50_GFLOP * RESNET_101_TO_50)
