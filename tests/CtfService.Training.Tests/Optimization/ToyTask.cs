using System.Runtime.InteropServices;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Optimization;

/// <summary>A small network with dropout, on batches of 8 rows that depend only on the step.</summary>
internal sealed class ToyTask : ITrainingTask, IDisposable
{
    public const int BatchSize = 8;

    private readonly CancellationTokenSource _cancellation = new();
    private readonly long? _cancelAt;
    private readonly bool _waiting;
    private readonly Device _device;
    private Tensor? _input;
    private int _finished;

    /// <param name="cancelAt">Step in which the run is cancelled; null for none.</param>
    /// <param name="waiting">Whether that step waits for its batch, as with a BatchLoader, and ends with the exception.</param>
    /// <param name="dropout">Share of the activations that are dropped.</param>
    /// <param name="device">Device of the network; null for the CPU.</param>
    public ToyTask(long? cancelAt, bool waiting = false, double dropout = 0.5, Device? device = null)
    {
        _cancelAt = cancelAt;
        _waiting = waiting;
        _device = device ?? CPU;
        manual_seed(5);
        Module = nn.Sequential(nn.Linear(4, 8, device: device), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1, device: device));
    }

    /// <summary>Rows that fit into memory at once.</summary>
    public int FitsAtOnce { get; init; } = int.MaxValue;

    /// <summary>Paths of the sample sheets.</summary>
    public List<string> Sheets { get; } = [];

    /// <summary>Step whose loss is passed through <see cref="Break"/>; null for none.</summary>
    public long? BreaksAt { get; init; }

    public Func<Tensor, Tensor> Break { get; init; } = loss => loss;

    /// <summary>Step after which a weight is infinite; null for none.</summary>
    public long? WeightsBreakAt { get; init; }

    public nn.Module Module { get; }

    public CancellationToken Cancellation => _cancellation.Token;

    public long? FirstStep { get; private set; }

    /// <summary>Step whose batch cannot be read; null for none.</summary>
    public long? UnreadableAt { get; init; }

    public void Load(long step)
    {
        if (step == UnreadableAt)
        {
            throw new IOException("The disk is away.");
        }

        FirstStep ??= step;
        _finished = (int)step + 1;
        if (step == _cancelAt)
        {
            _cancellation.Cancel();
            if (_waiting)
            {
                Cancellation.ThrowIfCancellationRequested();
            }
        }

        _input = arange(BatchSize * 4, float32).reshape(BatchSize, 4).mul(0.1).add(step).sin().to(_device);
    }

    public StepLoss Forward(long step, BatchPart part)
    {
        if (part.Count > FitsAtOnce)
        {
            throw new DeviceFull();
        }

        var loss = (((nn.Module<Tensor, Tensor>)Module).call(part.Of(_input!)) - 1).square().mean();
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

    public IReadOnlyDictionary<string, double> Evaluate() => new Dictionary<string, double>
    {
        ["evaluated"] = 1,
        ["cost"] = Costs.Count == 0 ? 0 : Costs[Math.Max(0, (_finished / 2) - 1)],
    };

    public void Sample(string path) => Sheets.Add(Path.GetFileName(path));

    public double? CostOf(IReadOnlyDictionary<string, double> figures) => figures["cost"];

    public float[] Weights() => [.. Module.parameters().SelectMany(parameter => parameter.detach().data<float>().ToArray())];

    /// <summary>What TorchSharp throws if a device is full, with the first two lines of libtorch's message.</summary>
    private sealed class DeviceFull() : ExternalException(
        "CUDA out of memory. Tried to allocate 2.00 GiB.\nException raised from malloc at CUDACachingAllocator.cpp");

    public void Dispose()
    {
        Module.Dispose();
        _cancellation.Dispose();
    }
}
