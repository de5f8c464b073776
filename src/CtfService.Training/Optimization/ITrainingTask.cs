using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>What is trained: a module and its loss at each step. Everything random must follow from the step, so that a resumed run repeats it.</summary>
public interface ITrainingTask
{
    nn.Module Module { get; }

    /// <summary>Data, forward pass and losses of one step; called inside a dispose scope with the module in training mode.</summary>
    StepLoss Forward(long step);

    /// <summary>After the optimiser's step; gradients are off.</summary>
    void AfterStep(long step)
    {
    }

    /// <summary>Called now and then with the averaged weights in the module, in evaluation mode, gradients off: measures and draws.</summary>
    /// <param name="path">Sample sheet to write, without extension.</param>
    /// <returns>Figures to report, by name.</returns>
    IReadOnlyDictionary<string, double> Evaluate(string path);

    /// <summary>What early stopping compares: lower is better. Null if the task has no such figure.</summary>
    /// <param name="figures">Of <see cref="Evaluate"/>.</param>
    double? CostOf(IReadOnlyDictionary<string, double> figures) => null;
}

/// <summary>Loss of one step.</summary>
/// <param name="Total">Scalar to differentiate.</param>
/// <param name="Parts">Scalars to report, by name.</param>
public sealed record StepLoss(Tensor Total, IReadOnlyDictionary<string, Tensor> Parts);
