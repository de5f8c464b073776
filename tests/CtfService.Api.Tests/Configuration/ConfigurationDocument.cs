using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CtfService.Api.Configuration;
using CtfService.Api.Idempotency;
using CtfService.Api.Security;
using CtfService.Api.Studio;
using CtfService.Api.Telemetry;
using CtfService.Inference.Queue;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Configuration;

/// <summary>
/// docs/configuration.md. The tables between its two markers are generated from the options records: summaries, annotations and defaults. The rest is
/// written by hand.
/// </summary>
internal static partial class ConfigurationDocument
{
    private const string Begin = "<!-- The tables up to the next marker are generated from the options records by ConfigurationDocumentTests. -->\n";
    private const string End = "<!-- End of the generated tables. -->\n";

    private static readonly (string Section, object Defaults)[] Records =
    [
        (ModelOptions.SectionName, new ModelOptions()),
        (InferenceOptions.SectionName, new InferenceOptions()),
        (LimitsOptions.SectionName, new LimitsOptions()),
        (SecurityOptions.SectionName, new SecurityOptions()),
        (IdempotencyOptions.SectionName, new IdempotencyOptions()),
        (StorageOptions.SectionName, new StorageOptions()),
        (JobsOptions.SectionName, new JobsOptions()),
        (StudioOptions.SectionName, new StudioOptions()),
        (TelemetryOptions.SectionName, new TelemetryOptions()),
    ];

    public static string Path { get; } = RepositoryFolder.File("docs", "configuration.md");

    /// <summary>Returns the expected file: its text with newly generated tables.</summary>
    public static string Generate()
    {
        var text = File.ReadAllText(Path);
        var (start, end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        Assert.True(start >= 0 && end > start, $"docs/configuration.md has no markers '{Begin.Trim()}' and '{End.Trim()}' in this order.");
        return $"{text[..(start + Begin.Length)]}\n{string.Concat(Records.Select(record => Section(record.Section, record.Defaults)))}{text[end..]}";
    }

    private static string Section(string name, object defaults)
    {
        var type = defaults.GetType();
        var text = new StringBuilder();
        var summary = Summary($"T:{type.FullName}", type).Replace(". ", ".\n", StringComparison.Ordinal); // one sentence a line
        text.Append(CultureInfo.InvariantCulture, $"## {name}\n\n{summary}\n\n");
        text.Append("| key | type | default | range | meaning |\n|---|---|---|---|---|\n");
        foreach (var row in Rows(name, defaults))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n");
        }

        return text.Append('\n').ToString();
    }

    private static IEnumerable<string[]> Rows(string prefix, object defaults) =>
        defaults.GetType().GetProperties().SelectMany(property => Rows(prefix, property, defaults));

    /// <summary>Returns the row of a property, and the rows of the entries if it is a list of records.</summary>
    private static IEnumerable<string[]> Rows(string prefix, PropertyInfo property, object defaults)
    {
        var key = $"{prefix}:{property.Name}";
        var meaning = Summary($"P:{property.DeclaringType!.FullName}.{property.Name}", property.DeclaringType);
        yield return [$"`{key}`", Kind(property.PropertyType), Value(property.GetValue(defaults)), Range(property), meaning];
        if (EntryOf(property.PropertyType) is { } entry && entry != typeof(string))
        {
            foreach (var row in Rows($"{key}:N", Activator.CreateInstance(entry)!))
            {
                yield return row;
            }
        }
    }

    private static Type? EntryOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    private static string Kind(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(bool) => "boolean",
        var t when t == typeof(int) || t == typeof(long) => "integer",
        var t when t == typeof(float) || t == typeof(double) => "number",
        var t when t == typeof(TimeSpan) => "duration",
        var t when t == typeof(string) => "string",
        var t when EntryOf(t) == typeof(string) => "list of strings",
        var t when EntryOf(t) is not null => "list of objects",
        _ => throw new NotSupportedException($"{type} has no name in docs/configuration.md."),
    };

    private static string Value(object? value) => value switch
    {
        null => "not set",
        "" => "empty",
        bool flag => flag ? "`true`" : "`false`",
        string or TimeSpan => $"`{value}`",
        System.Collections.IEnumerable => "none",
        _ => $"`{Convert.ToString(value, CultureInfo.InvariantCulture)}`",
    };

    private static string Range(PropertyInfo property) =>
        property.GetCustomAttribute<RangeAttribute>() is { } range ? string.Create(CultureInfo.InvariantCulture, $"{range.Minimum} to {range.Maximum}")
        : (property.GetCustomAttribute<RegularExpressionAttribute>() ?? (ValidationAttribute?)property.GetCustomAttribute<AllowedValuesAttribute>())
            ?.ErrorMessage ?? "";

    /// <summary>The summary of a type or property in Markdown.</summary>
    private static string Summary(string member, Type type)
    {
        var file = XDocument.Load(System.IO.Path.ChangeExtension(type.Assembly.Location, ".xml"));
        var summary = file.Descendants("member").SingleOrDefault(element => (string?)element.Attribute("name") == member)?.Element("summary");
        Assert.True(summary is not null, $"{member} has no summary.");
        return Space().Replace(string.Concat(summary.Nodes().Select(Markdown)), " ").Trim();
    }

    private static string Markdown(XNode node) => node switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement reference when (string?)reference.Attribute("cref") is { } name => $"`{name.Split('.', ':')[^1]}`",
        XElement other => other.Value,
        XText text => text.Value,
        _ => "",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
