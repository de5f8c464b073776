using System.Globalization;

namespace CtfService.LoadGenerator.Requests;

/// <summary>How often each kind of request is sent, and how many callers hang up.</summary>
public sealed class TrafficMix
{
    /// <summary>The mix of a public service: mostly images in all forms, some lists, some mistakes, some callers who leave.</summary>
    public const string Default = "json=30,file=20,stream=12,redetail=8,variation=5,edit=5,deadline=5,list=8,bad=5,hangup=2";

    private const string HangUp = "hangup";

    private readonly double[] _weights = new double[Enum.GetValues<RequestKind>().Length];
    private readonly double _hangUps;

    private TrafficMix(IEnumerable<(string Name, double Weight)> weights)
    {
        foreach (var (name, weight) in weights)
        {
            if (name == HangUp)
            {
                _hangUps = weight;
            }
            else
            {
                _weights[(int)Enum.Parse<RequestKind>(name, ignoreCase: true)] = weight;
            }
        }
    }

    /// <summary>Words that a mix is made of.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. Enum.GetNames<RequestKind>().Select(name => name.ToLowerInvariant()), HangUp];

    /// <summary>Share of callers who hang up at a random moment, 0 to 1.</summary>
    public double HangUpShare => _hangUps / (Total + _hangUps);

    private double Total => _weights.Sum();

    /// <summary>Reads <c>json=30,file=20</c>; a kind that is not named is not sent.</summary>
    /// <exception cref="FormatException">The text is not a mix; the message says what is wrong.</exception>
    public static TrafficMix Parse(string text)
    {
        var weights = new List<(string, double)>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=') is not [var name, var number] || !Words.Contains(name)
                || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight))
            {
                throw new FormatException($"'{part}' is not KIND=WEIGHT with one of {string.Join(", ", Words)} and a weight from 0, such as json=30");
            }

            weights.Add((name, weight));
        }

        var mix = new TrafficMix(weights);
        return mix.Total > 0 ? mix : throw new FormatException($"'{text}' sends nothing; give at least one kind a weight, such as json=30");
    }

    /// <summary>Weight of a kind as a share of all requests, 0 to 1.</summary>
    public double Share(RequestKind kind) => _weights[(int)kind] / Total;

    public RequestKind Next(Random random)
    {
        var point = random.NextDouble() * Total;
        var last = RequestKind.Json;
        foreach (var kind in Enum.GetValues<RequestKind>().Where(kind => _weights[(int)kind] > 0))
        {
            last = kind;
            point -= _weights[(int)kind];
            if (point < 0)
            {
                break;
            }
        }

        return last;
    }
}
