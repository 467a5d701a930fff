"""Train: samples composed online, the losses of the reference networks, and the loop.

============== ============================================================================================
samples        sample i of an endless sequence, from the options, the seed and i alone
sample_options every number of a sample, with where it comes from
material       the foregrounds and backgrounds: any source, and none that is for testing
class_sampler  which class a sample shows: explicit shares
cutouts        a foreground ready to be warped, and the places to cut at
geometry       where a crop lies and how it is turned
composing      a sample from its parts: cut, merged, trimap, classes, composite
appearance     colour jitter, gamma, compression, noise; how a background is placed
pixels         the loops over pixels, compiled
loading        batches, made here or by worker processes
shared_cache   decoded images in memory that the processes share
shared_memory  that memory
torch_dataset  the samples as a PyTorch dataset
fused_examples examples of `fused` with the classical answers, kept on disk
fused_failures what is changed in them so that they fail as photographs do
fused_samples  crops of them
propagation    the last step of `fused`, an equation, as a layer
shard_samples  crops of the composites in WebDataset shards, each once an epoch
human_samples  crops of people, with the windows that M-Net is shown
human_stages   the three stages of Semantic Human Matting
losses         the losses of Semantic Image Matting, each a function of tensors
recipe         a recipe read, changed and written out
recipes        those that simd train --list names, a TOML file each
loop           a run, step after step, resumed to the bit
stages         what each stage trains and computes
run_samples    the samples of a run and of its validation
run_weights    weights that a run leaves, and that another takes up
run_folder     RUN: recipe, log, what may be written where
checkpoints    the state of a run on disk
schedules      the learning rate of a step
optimisers     optimiser, rates, clipping
validation     SAD by class, confusion of classes
objectives     which of them, as the paper or the release has it, with which weight; the frozen discriminator
tensors        samples of whole numbers as float tensors
============== ============================================================================================
"""
