namespace CtfService.Training.Evaluation.Statistics;

/// <summary>Computes the figures of a report, and keeps the reason for each that does not exist, so that one such figure never ends the whole report.</summary>
/// <param name="cancellation">Looked at before each figure.</param>
public sealed class FigureCollector(CancellationToken cancellation = default)
{
    private readonly List<MissingFigure> _missing = [];

    /// <summary>Figures that are null, in the order they were asked for.</summary>
    public IReadOnlyList<MissingFigure> Missing => _missing;

    /// <param name="figure">Its name in the report, such as <c>generated.fid</c>.</param>
    /// <returns>Null, with a reason kept, if <paramref name="compute"/> throws <see cref="UndefinedFigureException"/> or returns NaN or infinity.</returns>
    public double? Compute(string figure, Func<double> compute) => Compute<double?>(figure, () =>
        compute() is var value && double.IsFinite(value) ? value : throw new UndefinedFigureException("it is not a finite number"));

    /// <inheritdoc cref="Compute(string, Func{double})"/>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public T? Compute<T>(string figure, Func<T> compute)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            return compute();
        }
        catch (UndefinedFigureException undefined)
        {
            _missing.Add(new MissingFigure(figure, undefined.Message));
            return default;
        }
    }

    /// <summary>Ends the computation of a figure when cancelled.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>The figure over another; null if either does not exist, or the other is zero.</summary>
    public double? Ratio(string figure, double? value, double? over, string overName) => Compute(figure, () => (value, over) switch
    {
        (null, _) => throw new UndefinedFigureException("the distance of the generated images does not exist"),
        (_, null) => throw new UndefinedFigureException($"the distance of {overName} does not exist"),
        (_, 0) => throw new UndefinedFigureException($"{overName} are equal, so their distance is 0"),
        _ => value.Value / over.Value,
    });
}

/// <summary>A figure of the report that is null.</summary>
/// <param name="Figure">Its place in the report, such as <c>generated.fid</c>.</param>
/// <param name="Reason">Why it does not exist.</param>
public sealed record MissingFigure(string Figure, string Reason);
