using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using CtfService.Training.Evaluation.Features.Inception;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Golden;

/// <summary>Results of <c>inception.py</c>, computed with numpy: a narrow Inception-v3 whose weights follow from their keys.</summary>
internal sealed record GoldenInception(int Divisor, int Count, int Height, int Width, byte[] Images, byte[] Pooled, byte[] Spatial, byte[] Probabilities)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>All keys with their shapes, for the network at its published width.</summary>
    public static IReadOnlyList<(string Key, long[] Shape)> Keys { get; } =
        [.. File.ReadLines(PathOf("inception-keys.txt"))
            .Select(line => line.Split(' ', 2))
            .Select(parts => (parts[0], JsonSerializer.Deserialize<long[]>(parts[1])!))];

    public static GoldenInception Instance { get; } = JsonSerializer.Deserialize<GoldenInception>(File.ReadAllText(PathOf("inception.json")), Options)!;

    /// <summary>float64, -1 to 1: [B, 3, H, W].</summary>
    public Tensor Pixels() => (tensor(Images, [Count, 3, Height, Width]).to(float64) / 127.5) - 1;

    /// <summary>float64 [B, numbers].</summary>
    public Tensor Expected(byte[] values) => tensor(MemoryMarshal.Cast<byte, double>(values).ToArray(), [Count, values.Length / sizeof(double) / Count]);

    /// <summary>Derives every weight from its key, as <c>inception.py</c> does.</summary>
    public static void Fill(InceptionNetwork network)
    {
        using var frozen = no_grad();
        foreach (var (key, target) in network.state_dict())
        {
            using var scope = NewDisposeScope();
            var numbers = tensor(Draw(key, (int)target.numel()), target.shape);
            target.copy_(target.dim() > 1
                ? (numbers - 0.5) * 2 * Math.Sqrt(6.0 * target.shape[0] / target.numel())
                : key.Split('.')[^1] switch { "weight" => (numbers * 0.4) + 0.8, "running_var" => numbers + 0.5, _ => (numbers - 0.5) * 0.4 });
        }
    }

    private static double[] Draw(string name, int count)
    {
        var state = 14695981039346656037UL;
        foreach (var letter in Encoding.UTF8.GetBytes(name))
        {
            state = (state ^ letter) * 1099511628211UL;
        }

        var numbers = new double[count];
        for (var i = 0; i < count; i++)
        {
            state = (state * 6364136223846793005UL) + 1442695040888963407UL;
            numbers[i] = (state >> 11) / (double)(1L << 53);
        }

        return numbers;
    }

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Evaluation", "Golden", name);
}
