using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// A module and its loss at each step. All randomness must depend on the step only, so that a resumed run repeats it. Neither <see cref="Load"/> nor
/// <see cref="Forward"/> may wait for the device, by reading a value of a tensor there: the host prepares the next steps while the device computes.
/// </summary>
public interface ITrainingTask
{
    /// <summary>The module to train, on the device of the run.</summary>
    nn.Module Module { get; }

    /// <summary>What an image of a step takes, for the speed in reports.</summary>
    ImageWork Work => ImageWork.Unknown;

    /// <summary>Loads the batch of a step onto the device. Called once for each step, inside a dispose scope that lasts until the end of the step.</summary>
    void Load(long step);

    /// <summary>
    /// Computes the losses of a part of the loaded batch: means over its images. Called inside a dispose scope with the module in training mode.
    /// </summary>
    StepLoss Forward(long step, BatchPart part);

    /// <summary>Called after the optimizer's step, with gradients disabled.</summary>
    void AfterStep(long step)
    {
    }

    /// <summary>Measures the module. Called with the averaged weights in the module, in evaluation mode, with gradients disabled.</summary>
    /// <returns>Figures to report, by name.</returns>
    IReadOnlyDictionary<string, double> Evaluate();

    /// <summary>Writes a sample sheet, under the conditions of <see cref="Evaluate"/>.</summary>
    /// <param name="path">Path of the sheet, without extension.</param>
    void Sample(string path)
    {
    }

    /// <summary>Returns the figure that the best weights minimise; null if the task has none.</summary>
    /// <param name="figures">Result of <see cref="Evaluate"/>.</param>
    double? CostOf(IReadOnlyDictionary<string, double> figures) => null;
}

/// <summary>The loss of a part of a step.</summary>
/// <param name="Total">Scalar to differentiate.</param>
/// <param name="Parts">Scalars to report, by name.</param>
public sealed record StepLoss(Tensor Total, IReadOnlyDictionary<string, Tensor> Parts);
