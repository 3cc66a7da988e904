"""How TensorFlow computes in a process that trains: its variables and its threads.

They decide how fast a trial is, and the last bits of its weights.
"""

# Read by TensorFlow and its libraries when they load.
VARIABLES = {
    "CUDA_VISIBLE_DEVICES": "-1",  # a 0.4 M parameter model gains nothing from a GPU
    "OMP_NUM_THREADS": "1",
    # Keeps memory between steps; malloc may give it back, and each page costs anew.
    "TF_CPU_ALLOCATOR_USE_BFC": "true",
    "TF_CPP_MIN_LOG_LEVEL": "2",  # errors still show
    "TF_ENABLE_ONEDNN_OPTS": "0",  # no faster on matrices this small; fewer code paths
}


def use_one_thread() -> None:
    """One thread per process: faster per core here, and the same bits every time."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
