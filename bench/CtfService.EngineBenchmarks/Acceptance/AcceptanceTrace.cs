using System.Text.Json;

namespace CtfService.EngineBenchmarks.Acceptance;

/// <summary>
/// How many labels each decode step of some images accepted, by window. Recorded from a trained model and replayed with random weights, which say nothing
/// about acceptance (<see cref="ReplayedAcceptance"/>).
/// </summary>
/// <param name="Model">Name of the trained model.</param>
/// <param name="Positions">Labels of an image.</param>
/// <param name="Windows">The recorded windows, in ascending order.</param>
public sealed record AcceptanceTrace(string Model, int Positions, IReadOnlyList<WindowTrace> Windows)
{
    private const string ShippedName = "acceptance-fruits-64.json";

    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The trace of the model that ships, with its default settings.</summary>
    public static AcceptanceTrace Shipped
    {
        get
        {
            using var file = typeof(AcceptanceTrace).Assembly.GetManifestResourceStream(ShippedName)!;
            return JsonSerializer.Deserialize<AcceptanceTrace>(file, Options)!;
        }
    }

    /// <summary>Returns the mean number of labels that a step accepts with this window.</summary>
    public double LabelsPerStep(int window) => window == 1 ? 1 : For(window).Steps().Average(labels => Math.Min(window, labels));

    /// <summary>Returns the recorded steps of this window or, if there are none, of the next wider one.</summary>
    public WindowTrace For(int window) => Windows.FirstOrDefault(recorded => recorded.Window >= window) ?? Windows[^1];

    public string ToJson() => JsonSerializer.Serialize(this, Options) + Environment.NewLine;
}

/// <summary>The steps with one window.</summary>
/// <param name="Window">Positions of an image in a step.</param>
/// <param name="Images">One text for each image: the accepted labels of its steps in order, separated by spaces.</param>
public sealed record WindowTrace(int Window, IReadOnlyList<string> Images)
{
    /// <summary>Returns the accepted labels of all steps, image after image.</summary>
    public IReadOnlyList<int> Steps() => [.. Images.SelectMany(image => image.Split(' ')).Select(int.Parse)];
}
