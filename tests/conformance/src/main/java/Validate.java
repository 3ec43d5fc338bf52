import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.parser.DataFormatException;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.StructureDefinition;
import org.hl7.fhir.r4.model.ValueSet;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/**
 * FHIR R4 resources on standard input, one on a line -> for each a line with its issues, as JSON:
 * {"issues": [{"severity", "id", "at", "text"}]}. Arguments: folders of definitions, XML or JSON; the first that
 * defines a URL counts. No terminology server is asked: what only one could tell is a warning.
 */
public final class Validate {
    private static final FhirContext R4 = FhirContext.forR4();
    private static final int AT_ONCE = 200;
    private static final Set<String> OF_THE_BUNDLE =
            Set.of("BUNDLE_BUNDLE_POSSIBLE_MATCH_WRONG_FU", "BUNDLE_POSSSIBLE_MATCHES");
    private static final Pattern ENTRY = Pattern.compile("Bundle\\.entry\\[(\\d+)]\\.resource(?:\\.ofType\\(\\w+\\))?(.*)");

    private Validate() {}

    public static void main(String[] folders) throws IOException {
        FhirValidator validator = validator(definitions(folders));
        Gson json = new Gson();
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader resources = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (List<String> some = some(resources); !some.isEmpty(); some = some(resources)) {
            issues(validator, some).forEach(found -> answers.println(json.toJson(Map.of("issues", found))));
        }
        answers.flush();
    }

    /** The next lines. They are validated as one Bundle: each call of the validator costs 20 ms before it begins. */
    private static List<String> some(BufferedReader resources) throws IOException {
        List<String> lines = new ArrayList<>();
        while (lines.size() < AT_ONCE) {
            String line = resources.readLine();
            if (line == null) {
                break;
            }
            lines.add(line);
        }
        return lines;
    }

    private static List<List<Map<String, String>>> issues(FhirValidator validator, List<String> resources) {
        List<List<Map<String, String>>> found = new ArrayList<>();
        resources.forEach(resource -> found.add(new ArrayList<>()));
        String entries = resources.stream()
                .map(one -> "{\"fullUrl\":\"urn:uuid:" + UUID.randomUUID() + "\",\"resource\":" + one + "}")
                .collect(Collectors.joining(","));
        String bundle = "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[" + entries + "]}";
        for (SingleValidationMessage message : validator.validateWithResult(bundle).getMessages()) {
            Matcher place = ENTRY.matcher(String.valueOf(message.getLocationString()));
            if (place.matches() && tells(message)) {
                found.get(Integer.parseInt(place.group(1))).add(issue(message, place.group(2)));
            } else if (!place.matches() && message.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0) {
                throw new IllegalStateException("of no resource: " + message);
            }
        }
        return found;
    }

    /** What is informative only is left out, and what the validator says of the Bundle that we made. */
    private static boolean tells(SingleValidationMessage message) {
        return message.getSeverity() != ResultSeverityEnum.INFORMATION
                && !OF_THE_BUNDLE.contains(String.valueOf(message.getMessageId()));
    }

    private static Map<String, String> issue(SingleValidationMessage message, String place) {
        return Map.of(
                "severity", message.getSeverity().getCode(),
                "id", String.valueOf(message.getMessageId()),
                "at", place,
                "text", message.getMessage());
    }

    private static FhirValidator validator(PrePopulatedValidationSupport definitions) {
        UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(R4);
        unknown.setNonExistentCodeSystemSeverity(
                ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity.WARNING);
        FhirInstanceValidator instance = new FhirInstanceValidator(new ValidationSupportChain(
                definitions,
                new DefaultProfileValidationSupport(R4),
                new SnapshotGeneratingValidationSupport(R4),
                new InMemoryTerminologyServerValidationSupport(R4),
                new CommonCodeSystemsTerminologyService(R4),
                unknown));
        instance.setAnyExtensionsAllowed(false);
        instance.setErrorForUnknownProfiles(true);
        instance.setBestPracticeWarningLevel(BestPracticeWarningLevel.Warning);
        return R4.newValidator().registerValidatorModule(instance);
    }

    private static PrePopulatedValidationSupport definitions(String[] folders) throws IOException {
        PrePopulatedValidationSupport found = new PrePopulatedValidationSupport(R4);
        for (String folder : folders) {
            try (Stream<Path> paths = Files.walk(Path.of(folder))) {
                for (Path path : paths.filter(Files::isRegularFile).sorted().toList()) {
                    define(found, path);
                }
            }
        }
        return found;
    }

    private static void define(PrePopulatedValidationSupport found, Path path) throws IOException {
        IParser parser = path.toString().endsWith(".xml") ? R4.newXmlParser() : R4.newJsonParser();
        IBaseResource definition;
        try {
            definition = parser.parseResource(Files.readString(path));
        } catch (DataFormatException unreadable) {
            System.err.println(path.getFileName() + " is no R4 definition: " + unreadable.getMessage());
            return;
        }
        if (definition instanceof StructureDefinition structure) {
            if (found.fetchStructureDefinition(structure.getUrl()) == null) {
                found.addStructureDefinition(structure);
            }
        } else if (definition instanceof ValueSet values) {
            if (found.fetchValueSet(values.getUrl()) == null) {
                found.addValueSet(values);
            }
        } else if (definition instanceof CodeSystem codes) {
            if (found.fetchCodeSystem(codes.getUrl()) == null) {
                found.addCodeSystem(codes);
            }
        }
    }
}
