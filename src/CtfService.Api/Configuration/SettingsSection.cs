using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>
/// Reads one section of the settings and checks each key against its options record. The configuration binder stops at the first value that it cannot bind
/// and reports .NET types; this class reports every such value and binds the others.
/// </summary>
/// <typeparam name="TOptions">A record of strings, numbers, durations, Booleans, lists of strings and lists of records.</typeparam>
internal sealed class SettingsSection<TOptions> : IValidateOptions<TOptions>
    where TOptions : class, new()
{
    private readonly Dictionary<string, string?> _fitting = [];
    private readonly List<string> _problems = [];

    /// <param name="name">Name of the section.</param>
    public SettingsSection(IConfiguration configuration, string name)
    {
        Read(configuration.GetSection(name), typeof(TOptions));
        Fitting = new ConfigurationBuilder().AddInMemoryCollection(_fitting).Build().GetSection(name);
    }

    /// <summary>The keys with values that can be bound.</summary>
    public IConfigurationSection Fitting { get; }

    /// <summary>The record with all values that can be bound and defaults for the rest. Ranges are not checked.</summary>
    public TOptions Value => Fitting.Get<TOptions>() ?? new TOptions();

    public ValidateOptionsResult Validate(string? name, TOptions options) =>
        _problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_problems);

    private void Read(IConfigurationSection section, Type type)
    {
        var properties = type.GetProperties();
        foreach (var key in section.GetChildren())
        {
            if (properties.FirstOrDefault(property => property.Name.Equals(key.Key, StringComparison.OrdinalIgnoreCase)) is { } property)
            {
                Read(key, property.PropertyType, property);
            }
            else
            {
                _problems.Add(SettingNames.Unknown(key.Path, properties.Select(known => known.Name)));
            }
        }
    }

    private void Read(IConfigurationSection key, Type type, PropertyInfo property)
    {
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IReadOnlyList<>))
        {
            ReadValue(key, type, property);
            return;
        }

        if (!string.IsNullOrEmpty(key.Value))
        {
            _problems.Add(
                $"{key.Path} is '{key.Value}'; expected a list. "
                + $"Set its entries: {key.Path}:0, {key.Path}:1 and so on ({Variable(key.Path)}__0 in the environment).");
        }

        var element = type.GetGenericArguments()[0];
        foreach (var entry in key.GetChildren())
        {
            if (element == typeof(string))
            {
                ReadValue(entry, element, property);
            }
            else
            {
                Read(entry, element);
            }
        }
    }

    private void ReadValue(IConfigurationSection key, Type type, PropertyInfo property)
    {
        if (key.GetChildren().Any())
        {
            _problems.Add($"{key.Path} contains further keys; expected {Expected(type, property)}. {Where(key.Path)}");
        }
        else if (key.Value is { } text && IsReadable(text, type))
        {
            _fitting[key.Path] = text;
        }
        else if (key.Value is not null)
        {
            _problems.Add($"{key.Path} is {(key.Value.Length == 0 ? "empty" : $"'{key.Value}'")}; expected {Expected(type, property)}. {Where(key.Path)}");
        }
    }

    private static bool IsReadable(string text, Type type)
    {
        var plain = Nullable.GetUnderlyingType(type);
        if (plain is not null && text.Length == 0)
        {
            return true; // not set
        }

        try
        {
            _ = TypeDescriptor.GetConverter(plain ?? type).ConvertFromInvariantString(text);
            return true;
        }
        catch (Exception error) when (error is FormatException or ArgumentException or OverflowException or NotSupportedException)
        {
            return false;
        }
    }

    private static string Expected(Type type, PropertyInfo property)
    {
        var kind = (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var t when t == typeof(bool) => "true or false",
            var t when t == typeof(int) || t == typeof(long) => "a whole number",
            var t when t == typeof(TimeSpan) => "a time such as 00:00:30",
            var t when t == typeof(string) => "a text",
            _ => "a number",
        };
        return property.GetCustomAttribute<RangeAttribute>() is { } range
            ? string.Create(CultureInfo.InvariantCulture, $"{kind} between {range.Minimum} and {range.Maximum}")
            : kind;
    }

    private static string Where(string path) => $"Set it in appsettings.json or in the environment variable {Variable(path)}.";

    private static string Variable(string path) => path.Replace(":", "__", StringComparison.Ordinal);
}
