using System.Text.Json.Nodes;
using CtfService.TestSupport;

namespace CtfService.Trials.Replay;

/// <summary>Draws requests at random: all image routes, with parameters of both stages. The same seed gives the same requests.</summary>
internal sealed class ReplayPlan(ulong seed)
{
    private const int Classes = 24; // of the model that ships
    private const int Side = 96; // of the uploaded pictures, pixels

    private readonly Random _random = new((int)seed);

    /// <summary>Returns a number of requests.</summary>
    /// <param name="layout">Coarse labels of an image of the model.</param>
    public IReadOnlyList<ReplayRequest> Requests(int count, IReadOnlyList<int> layout) => [.. Enumerable.Range(0, count).Select(_ => Request(layout))];

    private ReplayRequest Request(IReadOnlyList<int> layout) => _random.Next(10) switch
    {
        < 6 => Generation(),
        6 => Redetail(layout),
        7 => Variation(),
        _ => Edit(),
    };

    private ReplayRequest Generation()
    {
        var body = Common("class_label");
        AddSampling(body, "", guidance: true);
        return new("generations", body);
    }

    private ReplayRequest Redetail(IReadOnlyList<int> layout)
    {
        var (body, fine) = (Common("class_label"), new JsonObject());
        body["layout"] = new JsonArray([.. Shuffled(layout).Select(label => JsonValue.Create(label))]);
        AddSampling(fine, "", guidance: true);
        body["fine"] = fine;
        return new("redetail", body);
    }

    private ReplayRequest Variation()
    {
        var fields = Common("class_label");
        AddSampling(fields, "fine_", guidance: true);
        return new("variations", fields, new Dictionary<string, byte[]> { ["image"] = Picture() });
    }

    private ReplayRequest Edit()
    {
        var fields = Common("class_label");
        AddSampling(fields, "", guidance: true);
        AddSampling(fields, "fine_", guidance: false);
        fields["candidates"] = _random.Next(1, 4);
        var (left, top, right, bottom) = (_random.Next(Side / 2), _random.Next(Side / 2), _random.Next(Side / 2, Side), _random.Next(Side / 2, Side));
        var mask = PngPicture.Mask(Side, Side, (x, y) => x >= left && x <= right && y >= top && y <= bottom);
        return new("edits", fields, new Dictionary<string, byte[]> { ["image"] = Picture(), ["mask"] = mask });
    }

    private JsonObject Common(string label) => new()
    {
        [label] = _random.Next(Classes),
        ["seed"] = _random.NextInt64(1L << 53),
        ["n"] = _random.Next(4) == 0 ? _random.Next(2, 4) : 1,
        ["output_format"] = _random.Next(4) switch { 0 => "jpeg", 1 => "webp", _ => "png" },
    };

    /// <summary>Adds each parameter to half of the requests.</summary>
    private void AddSampling(JsonObject fields, string prefix, bool guidance)
    {
        void Add(string name, JsonNode value)
        {
            if (_random.Next(2) == 0)
            {
                fields[prefix + name] = value;
            }
        }

        Add("temperature", Math.Round(_random.NextDouble() * 1.5, 2));
        Add("top_k", _random.Next(1, 40));
        Add("top_p", Math.Round(1 - (_random.NextDouble() * 0.5), 2));
        if (guidance)
        {
            Add("guidance_scale", Math.Round(1 + (_random.NextDouble() * 3), 1));
        }
    }

    private int[] Shuffled(IReadOnlyList<int> layout)
    {
        int[] labels = [.. layout];
        _random.Shuffle(labels.AsSpan(0, labels.Length / 4)); // mostly an image
        return labels;
    }

    /// <summary>A disc before a gradient.</summary>
    private byte[] Picture()
    {
        var (red, green, blue, radius) = (_random.Next(256), _random.Next(256), _random.Next(256), _random.Next(Side / 6, Side / 2));
        return PngPicture.Of(Side, Side, (x, y) =>
        {
            var (dx, dy) = (x - (Side / 2), y - (Side / 2));
            return (dx * dx) + (dy * dy) < radius * radius ? (red, green, blue, 255) : (x * 2, y * 2, 128, 255);
        });
    }
}
