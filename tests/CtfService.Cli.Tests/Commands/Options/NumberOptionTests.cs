using System.CommandLine;
using System.Numerics;
using System.Text.RegularExpressions;
using CtfService.Cli.Shell;

namespace CtfService.Cli.Tests.Commands.Options;

/// <summary>Checks that every number of every command has a range and is read by the same parser.</summary>
public sealed class NumberOptionTests
{
    private static readonly RootCommand Root = CommandLine.Create(Terminal.OfProcess());

    public static IEnumerable<object[]> All => Commands(Root, []).SelectMany(command => command.Command.Options
        .Where(option => Number(option) is not null).Select(option => new object[] { string.Join(' ', command.Path), option.Name }));

    [Theory]
    [MemberData(nameof(All))]
    public void Parse_NotANumber_NamesOptionValueAndRange(string command, string option)
    {
        Assert.All(["1,5", "1.000,5", "NaN", "Infinity", "-1e400", "-99", "0x10", "", " 1", "many"], text =>
        {
            var errors = Root.Parse([.. command.Split(' '), option, text, .. Beside(command, option)]).Errors.Select(error => error.Message);

            Assert.Contains(errors, error => error.StartsWith($"{option} is '{text}', expected a", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Options_EveryCommandThatReadsADataSet_IncludeMaxPixels()
    {
        var reading = Commands(Root, []).Where(command => command.Command.Options.Any(option => option.Name == "--data")).ToList();

        Assert.True(reading.Count >= 9, $"{reading.Count} commands read data sets.");
        Assert.All(reading, command => Assert.Contains(command.Command.Options, option => option.Name == "--max-pixels"));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Help_NumberOption_ShowsTheRange(string command, string option)
    {
        var run = await CommandRun.Of([.. command.Split(' '), "--help"]);

        Assert.Contains(
            "Range: ",
            run.Output.Split('\n').Single(line => Regex.IsMatch(line, $"^ *(-., )?{option} ")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_CultureWithDecimalCommas_ShowsDefaultsThatCanBeTyped()
    {
        using var culture = new NumberTextTests.CommaCulture();

        var run = await CommandRun.Of("train-tokenizer", "--help");

        Assert.Contains("[default: 0.0006]", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("System.")]
    [InlineData("2147483647")]
    [InlineData("Options.")]
    public async Task Help_EveryCommand_DoesNotShowItsTypes(string leak)
    {
        foreach (var (_, path) in Commands(Root, []))
        {
            Assert.DoesNotContain(leak, (await CommandRun.Of([.. path, "--help"])).Output, StringComparison.Ordinal);
        }
    }

    /// <summary>Options that the option requires.</summary>
    private static string[] Beside(string command, string option) => (command, option) switch
    {
        ("refine-decoder", "--perceptual-weight") => ["--classifier", "x"],
        ("evaluate", "--image-size") => ["--images", "x"],
        ("evaluate", "--seeds") => ["--dtype", "all"],
        ("classify", _) => ["--data", "x"],
        ("dataset", "--min-probability") => ["--fill", "x", "--keep-if", "x"],
        ("dataset", _) => ["--fill", "x"],
        _ => [],
    };

    private static IEnumerable<(Command Command, string[] Path)> Commands(Command above, string[] path) =>
        above.Subcommands.SelectMany(command => Commands(command, [.. path, command.Name]).Prepend((command, [.. path, command.Name])));

    /// <summary>Returns the number type of the option; null if it is not a number.</summary>
    private static Type? Number(Option option)
    {
        var type = option.ValueType.IsArray ? option.ValueType.GetElementType()! : option.ValueType;
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.GetInterfaces().Any(face => face.IsGenericType && face.GetGenericTypeDefinition() == typeof(INumber<>)) && type != typeof(char)
            ? type
            : null;
    }
}
