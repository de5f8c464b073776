using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Model.Storage;
using TorchSharp;

namespace CtfService.Training.Optimization;

/// <summary>
/// Records every start of a run in its file <c>run.json</c>: when, after which step, with which program, on which device, with which settings. The figures of a
/// run can be explained from it after years.
/// </summary>
internal static class RunHistory
{
    public const string FileName = "run.json";

    private const string StartsKey = "starts";
    private const string DeviceKey = "device";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Adds a start; that of a new run replaces the file.</summary>
    /// <param name="finishedSteps">Finished steps of the checkpoint that the run resumes from; 0 for a new run.</param>
    /// <param name="note">Receives a sentence if the run goes on on another device, where it rounds differently.</param>
    public static void Add(TrainingOptions options, long finishedSteps, Action<string> note)
    {
        var path = Path.Combine(options.RunDirectory, FileName);
        var starts = finishedSteps == 0 ? [] : Read(path);
        if (starts.LastOrDefault()?[DeviceKey]?.ToString() is { } before && before != options.Device.ToString())
        {
            note($"The steps so far ran on {before}, the next ones run on {options.Device}, which rounds differently.");
        }

        starts.Add(Start(options, finishedSteps));
        Directory.CreateDirectory(options.RunDirectory);
        AtomicFile.WriteText(path, new JsonObject { [StartsKey] = starts }.ToJsonString(Readable) + "\n");
    }

    private static JsonObject Start(TrainingOptions options, long finishedSteps) => new()
    {
        ["time"] = TimeProvider.System.GetUtcNow().ToString("O"),
        ["finished_steps"] = finishedSteps,
        [DeviceKey] = options.Device.ToString(),
        ["dtype"] = options.UseBfloat16 ? "bfloat16" : "float32",
        ["torchsharp"] = typeof(torch).Assembly.GetName().Version?.ToString(),
        ["dotnet"] = RuntimeInformation.FrameworkDescription,
        ["processors"] = Environment.ProcessorCount,
        ["threads"] = torch.get_num_threads(),
        ["settings"] = new JsonObject
        {
            ["steps"] = options.Steps,
            ["batch_size"] = options.BatchSize,
            ["accumulate"] = options.Accumulate,
            ["learning_rate"] = options.LearningRate,
            ["checkpoint_every"] = options.CheckpointEvery,
            ["keep_checkpoints"] = options.KeepCheckpoints,
            ["evaluate_every"] = options.EvaluateEvery,
            ["sample_every"] = options.SampleEvery ?? options.EvaluateEvery,
            ["early_stop"] = options.EarlyStop,
            ["seed"] = options.Seed,
        },
        ["made_from"] = JsonSerializer.SerializeToNode(options.MadeFrom.Facts),
    };

    /// <summary>Reads the starts; none if the file is missing, as in runs of earlier versions, or damaged.</summary>
    private static JsonArray Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))?[StartsKey]?.DeepClone() as JsonArray ?? [] : [];
        }
        catch (Exception damaged) when (damaged is JsonException or InvalidOperationException)
        {
            return [];
        }
    }
}
