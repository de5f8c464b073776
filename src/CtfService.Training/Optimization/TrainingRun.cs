using CtfService.Training.Data;

namespace CtfService.Training.Optimization;

/// <summary>One training run as the caller asks for it.</summary>
/// <param name="Resume">Go on from the run's checkpoint where there is one.</param>
/// <param name="Augmentation">Random changes of the training images.</param>
public sealed record TrainingRun(TrainingOptions Options, bool Resume, Augmentation Augmentation);
