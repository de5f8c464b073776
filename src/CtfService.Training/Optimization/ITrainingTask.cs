using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>A module and its loss at each step. All randomness must depend on the step only, so that a resumed run repeats it.</summary>
public interface ITrainingTask
{
    /// <summary>The module to train.</summary>
    nn.Module Module { get; }

    /// <summary>Loads the data of a step and computes its losses. Called inside a dispose scope with the module in training mode.</summary>
    StepLoss Forward(long step);

    /// <summary>Called after the optimizer's step, with gradients disabled.</summary>
    void AfterStep(long step)
    {
    }

    /// <summary>
    /// Measures the module and writes a sample sheet. Called with the averaged weights in the module, in evaluation mode, with gradients disabled.
    /// </summary>
    /// <param name="path">Path of the sample sheet, without extension.</param>
    /// <returns>Figures to report, by name.</returns>
    IReadOnlyDictionary<string, double> Evaluate(string path);

    /// <summary>Returns the figure that early stopping minimises; null if the task has none.</summary>
    /// <param name="figures">Result of <see cref="Evaluate"/>.</param>
    double? CostOf(IReadOnlyDictionary<string, double> figures) => null;
}

/// <summary>The loss of one step.</summary>
/// <param name="Total">Scalar to differentiate.</param>
/// <param name="Parts">Scalars to report, by name.</param>
public sealed record StepLoss(Tensor Total, IReadOnlyDictionary<string, Tensor> Parts);
