"""Sets how TensorFlow computes in a process that trains: variables and threads.

They decide how fast a trial is, and the last bits of its weights.
"""

# Environment variables, which TensorFlow and its libraries read when they load.
VARIABLES = {
    "CUDA_VISIBLE_DEVICES": "-1",  # a 0.4 M parameter model gains nothing from a GPU
    "OMP_NUM_THREADS": "1",
    # This allocator keeps memory from step to step. malloc may give it back to the
    # system, and then every page costs time again.
    "TF_CPU_ALLOCATOR_USE_BFC": "true",
    "TF_CPP_MIN_LOG_LEVEL": "2",  # errors still show
    "TF_ENABLE_ONEDNN_OPTS": "0",  # oneDNN is no faster on matrices this small
}


def use_one_thread() -> None:
    """Let TensorFlow use one thread: faster per core, and the same bits every time.

    To be called before TensorFlow computes anything.
    """
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
