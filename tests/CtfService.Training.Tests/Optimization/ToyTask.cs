using System.Globalization;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Optimization;

/// <summary>A small network with dropout, on data that depend only on the step.</summary>
internal sealed class ToyTask : ITrainingTask, IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly long? _cancelAt;
    private readonly bool _waiting;

    /// <param name="cancelAt">Step in which the run is cancelled; null for none.</param>
    /// <param name="waiting">Whether that step waits for its batch, as with a BatchLoader, and ends with the exception.</param>
    public ToyTask(long? cancelAt, bool waiting = false)
    {
        _cancelAt = cancelAt;
        _waiting = waiting;
        manual_seed(5);
        Module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1));
    }

    /// <summary>Step whose loss is passed through <see cref="Break"/>; null for none.</summary>
    public long? BreaksAt { get; init; }

    public Func<Tensor, Tensor> Break { get; init; } = loss => loss;

    /// <summary>Step after which a weight is infinite; null for none.</summary>
    public long? WeightsBreakAt { get; init; }

    public nn.Module Module { get; }

    public CancellationToken Cancellation => _cancellation.Token;

    public long? FirstStep { get; private set; }

    public StepLoss Forward(long step)
    {
        FirstStep ??= step;
        if (step == _cancelAt)
        {
            _cancellation.Cancel();
            if (_waiting)
            {
                Cancellation.ThrowIfCancellationRequested();
            }
        }

        var input = arange(8 * 4, float32).reshape(8, 4).mul(0.1).add(step).sin();
        var loss = (((nn.Module<Tensor, Tensor>)Module).call(input) - 1).square().mean();
        if (step == BreaksAt)
        {
            loss = Break(loss);
        }

        return new StepLoss(loss, new Dictionary<string, Tensor> { ["loss"] = loss });
    }

    public void AfterStep(long step)
    {
        if (step == WeightsBreakAt)
        {
            Module.parameters().First().fill_(float.PositiveInfinity);
        }
    }

    /// <summary>Costs of the evaluations after every second step; all equal if empty.</summary>
    public IReadOnlyList<double> Costs { get; init; } = [];

    public IReadOnlyDictionary<string, double> Evaluate(string path) => new Dictionary<string, double>
    {
        ["evaluated"] = 1,
        ["cost"] = Costs.Count == 0 ? 0 : Costs[(int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture) / 2) - 1],
    };

    public double? CostOf(IReadOnlyDictionary<string, double> figures) => figures["cost"];

    public float[] Weights() => [.. Module.parameters().SelectMany(parameter => parameter.detach().data<float>().ToArray())];

    public void Dispose()
    {
        Module.Dispose();
        _cancellation.Dispose();
    }
}
